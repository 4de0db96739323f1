import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { admin } from '../../api/admin'
import { CopyField } from '../../components/CopyField'
import { FormError, SelectField, TextField } from '../../components/form/fields'
import { ErrorState, Loading } from '../../components/states'
import { Button, Card } from '../../components/ui'
import { useTitle } from '../../hooks/useTitle'
import { t } from '../../i18n'
import { formatCount, formatDateTime } from '../../lib/format'
import { toast } from '../../lib/toast'

const texts = t.admin.invites
const key = ['admin', 'invites']

/** `/admin/invites` */
export default function InvitesPage() {
  useTitle(t.admin.places.invites)
  const queries = useQueryClient()
  const [now] = useState(() => Date.now())
  const invites = useQuery({ queryKey: key, queryFn: ({ signal }) => admin.invites(signal) })
  const revoke = useMutation({
    mutationFn: admin.revokeInvite,
    onSuccess: async () => {
      toast.done(texts.revoked)
      await queries.invalidateQueries({ queryKey: key })
    },
    onError: (error) => {
      toast.bad(texts.revoke, error.message)
    },
  })
  return (
    <>
      <header>
        <h1 className="text-xl font-semibold tracking-tight">{t.admin.places.invites}</h1>
        <p className="text-muted">{texts.lead}</p>
      </header>
      <InviteForm />
      {invites.data === undefined ? (
        invites.isError ? (
          <ErrorState error={invites.error} onRetry={() => void invites.refetch()} />
        ) : (
          <Loading />
        )
      ) : invites.data.length === 0 ? (
        <p className="py-8 text-center text-muted">{texts.none}</p>
      ) : (
        <ul className="rounded-lg border border-line bg-surface">
          {invites.data.map((i) => {
            const over = Date.parse(i.expires_at) < now || i.used >= i.uses
            return (
              <li
                key={i.id}
                className="flex flex-wrap items-center gap-x-4 gap-y-1 border-line px-3.5 py-2 not-last:border-b"
              >
                <span className="min-w-0 flex-1 basis-48 font-medium wrap-anywhere">
                  {i.email === '' ? texts.anybody : i.email}
                </span>
                <span>{t.admin.users.roles[i.role] ?? i.role}</span>
                <span className="num text-muted">{texts.used(formatCount(i.used), formatCount(i.uses))}</span>
                <span className="num text-muted">
                  {over ? texts.over : texts.ends(formatDateTime(Date.parse(i.expires_at)))}
                </span>
                <Button
                  variant="danger"
                  disabled={revoke.isPending}
                  onClick={() => {
                    revoke.mutate(i.id)
                  }}
                >
                  {texts.revoke}
                </Button>
              </li>
            )
          })}
        </ul>
      )}
    </>
  )
}

function InviteForm() {
  const queries = useQueryClient()
  const [email, setEmail] = useState('')
  const [role, setRole] = useState('user')
  const [uses, setUses] = useState('1')
  const [hours, setHours] = useState('168')
  const invite = useMutation({
    mutationFn: () =>
      admin.invite({
        role,
        uses: email.trim() === '' ? Number(uses) : 1,
        expires_in_hours: Number(hours),
        ...(email.trim() === '' ? {} : { email: email.trim() }),
      }),
    onSuccess: async () => {
      setEmail('')
      await queries.invalidateQueries({ queryKey: key })
    },
  })
  return (
    <Card title={texts.new}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          invite.mutate()
        }}
        className="flex flex-col gap-3"
      >
        <div className="flex flex-wrap items-end gap-3">
          <TextField
            label={texts.email}
            type="email"
            autoComplete="off"
            className="flex-1 basis-56"
            value={email}
            onChange={(event) => {
              setEmail(event.target.value)
            }}
          />
          <TextField
            label={texts.uses}
            type="number"
            min={1}
            max={1000}
            className="w-40 max-sm:w-full"
            disabled={email.trim() !== ''}
            value={email.trim() === '' ? uses : '1'}
            onChange={(event) => {
              setUses(event.target.value)
            }}
          />
          <SelectField
            label={t.admin.users.role}
            className="w-40 max-sm:flex-1"
            value={role}
            options={Object.entries(t.admin.users.roles)}
            onChange={setRole}
          />
          <SelectField
            label={texts.valid}
            className="w-32 max-sm:flex-1"
            value={hours}
            options={Object.entries(t.entry.shareSpans)}
            onChange={setHours}
          />
          <Button type="submit" variant="solid" className="min-h-9 max-sm:w-full" disabled={invite.isPending}>
            {invite.isPending ? t.form.working : texts.new}
          </Button>
        </div>
        <FormError message={invite.error?.message} />
        {invite.data !== undefined && (
          <div className="flex flex-col gap-1">
            <p className="text-muted">{texts.link}</p>
            <CopyField label={texts.link} text={invite.data.link} />
          </div>
        )}
      </form>
    </Card>
  )
}
