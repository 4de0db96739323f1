import { useMutation } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { account } from '../../api/account'
import { useAuth } from '../../contexts/auth'
import { t } from '../../i18n'
import { download } from '../../lib/download'
import { Dialog } from '../Dialog'
import { FormError, PasswordField } from '../form/fields'
import { Button } from '../ui'

const texts = t.settings.data

export function YourData() {
  const [deleting, setDeleting] = useState(false)
  const take = useMutation({ mutationFn: () => download('/api/user/export') })
  return (
    <div className="flex flex-col gap-6">
      <section className="flex flex-col gap-2">
        <h3 className="font-medium">{texts.export}</h3>
        <p className="text-muted">{texts.exportText}</p>
        <FormError message={take.error?.message} />
        <Button
          className="self-start"
          disabled={take.isPending}
          onClick={() => {
            take.mutate()
          }}
        >
          <Download aria-hidden className="size-3.5" />
          {take.isPending ? t.form.working : texts.exportButton}
        </Button>
      </section>
      <section className="flex flex-col gap-2 border-t border-line pt-5">
        <h3 className="font-medium text-bad">{texts.delete}</h3>
        <p className="text-muted">{texts.deleteText}</p>
        <Button
          variant="danger"
          className="self-start"
          onClick={() => {
            setDeleting(true)
          }}
        >
          {texts.deleteButton}
        </Button>
      </section>
      <Dialog
        open={deleting}
        title={texts.deleteTitle}
        onClose={() => {
          setDeleting(false)
        }}
      >
        <DeleteForm
          onClose={() => {
            setDeleting(false)
          }}
        />
      </Dialog>
    </div>
  )
}

function DeleteForm({ onClose }: { onClose: () => void }) {
  const { ended } = useAuth()
  const navigate = useNavigate()
  const [password, setPassword] = useState('')
  const [sure, setSure] = useState(false)
  const remove = useMutation({
    mutationFn: () => account.remove(password),
    onSuccess: async () => {
      await navigate('/', { replace: true })
      ended(texts.deleted)
    },
  })
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        remove.mutate()
      }}
      className="mt-2 flex flex-col gap-4"
    >
      <p className="text-base text-muted">{texts.deleteText}</p>
      <PasswordField
        label={t.form.password}
        autoComplete="current-password"
        value={password}
        onChange={(event) => {
          setPassword(event.target.value)
        }}
      />
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          checked={sure}
          onChange={(event) => {
            setSure(event.target.checked)
          }}
          className="size-4 accent-accent-solid"
        />
        {texts.confirm}
      </label>
      <FormError message={remove.error?.message} />
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button type="submit" variant="danger" disabled={!sure || password === '' || remove.isPending}>
          {remove.isPending ? t.form.working : texts.deleteButton}
        </Button>
      </div>
    </form>
  )
}
