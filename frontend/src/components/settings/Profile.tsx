import { zodResolver } from '@hookform/resolvers/zod'
import { useMutation } from '@tanstack/react-query'
import { ImageUp } from 'lucide-react'
import { useRef, useState } from 'react'
import { useForm } from 'react-hook-form'
import { z } from 'zod'
import { account, type User } from '../../api/account'
import { useAuth } from '../../contexts/auth'
import { t } from '../../i18n'
import { cx } from '../../lib/cx'
import { toast } from '../../lib/toast'
import { personName } from '../auth/schemas'
import { Avatar } from '../Avatar'
import { FormError, TextField } from '../form/fields'
import { showProblem } from '../form/problem'
import { Button } from '../ui'

const texts = t.settings.profile
const schema = z.object({ first_name: personName, last_name: personName })
const maxBytes = 5 * 1024 * 1024
const types = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']

export function Profile({ user }: { user: User }) {
  const { setUser } = useAuth()
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { first_name: user.first_name, last_name: user.last_name },
  })
  const { errors, isSubmitting, isDirty } = form.formState
  const submit = form.handleSubmit(async (names) => {
    try {
      const told = await account.rename(names)
      setUser(told.user)
      form.reset({ first_name: told.user.first_name, last_name: told.user.last_name })
      toast.done(texts.names)
    } catch (error) {
      showProblem(error, ['first_name', 'last_name'], form.setError)
    }
  })
  return (
    <div className="flex flex-col gap-5">
      <Picture user={user} />
      <form noValidate onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <TextField
            label={t.form.firstName}
            autoComplete="given-name"
            error={errors.first_name?.message}
            {...form.register('first_name')}
          />
          <TextField
            label={t.form.lastName}
            autoComplete="family-name"
            error={errors.last_name?.message}
            {...form.register('last_name')}
          />
        </div>
        <FormError message={errors.root?.message} />
        <Button
          type="submit"
          variant={isDirty ? 'solid' : 'soft'}
          disabled={!isDirty || isSubmitting}
          className="self-start"
        >
          {isSubmitting ? t.form.working : t.form.save}
        </Button>
      </form>
    </div>
  )
}

function Picture({ user }: { user: User }) {
  const { setUser } = useAuth()
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const set = useMutation({
    mutationFn: async (file: File) => {
      if (!types.includes(file.type)) throw new Error(texts.wrongType)
      if (file.size > maxBytes) throw new Error(texts.tooLarge)
      return account.setImage(await dataURL(file))
    },
    onSuccess: (told) => {
      setUser(told.user)
      toast.done(texts.saved)
    },
  })
  const remove = useMutation({
    mutationFn: () => account.removeImage(),
    onSuccess: (told) => {
      setUser(told.user)
      toast.done(texts.removed)
    },
  })
  const take = (files: FileList | null) => {
    const file = files?.[0]
    remove.reset()
    if (file !== undefined) set.mutate(file)
  }
  const busy = set.isPending || remove.isPending
  const has = (user.profile_image ?? '') !== ''
  return (
    <div className="flex flex-col gap-2">
      <div
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => {
          setOver(false)
        }}
        onDrop={(event) => {
          event.preventDefault()
          setOver(false)
          take(event.dataTransfer.files)
        }}
        className={cx(
          'flex flex-wrap items-center gap-4 rounded-lg border border-dashed p-3',
          over ? 'border-accent bg-accent-soft' : 'border-line',
        )}
      >
        <Avatar user={user} className="size-16 text-xl" />
        <div className="min-w-0 flex-1 basis-48">
          <div className="flex flex-wrap gap-2">
            <input
              ref={input}
              type="file"
              accept={types.join(',')}
              aria-label={texts.choose}
              tabIndex={-1}
              className="sr-only"
              onChange={(event) => {
                take(event.target.files)
                event.target.value = ''
              }}
            />
            <Button
              disabled={busy}
              onClick={() => {
                input.current?.click()
              }}
            >
              <ImageUp aria-hidden className="size-3.5" />
              {set.isPending ? t.form.working : has ? texts.replace : texts.choose}
            </Button>
            {has && (
              <Button
                variant="danger"
                disabled={busy}
                onClick={() => {
                  set.reset()
                  remove.mutate()
                }}
              >
                {texts.remove}
              </Button>
            )}
          </div>
          <p className="mt-1.5 text-xs text-muted">{texts.pictureHint}</p>
        </div>
      </div>
      <FormError message={(set.error ?? remove.error)?.message} />
    </div>
  )
}

const dataURL = (file: File): Promise<string> =>
  new Promise((ok, fail) => {
    const reader = new FileReader()
    reader.onload = () => {
      ok(typeof reader.result === 'string' ? reader.result : '')
    }
    reader.onerror = () => {
      fail(reader.error ?? new Error(texts.wrongType))
    }
    reader.readAsDataURL(file)
  })
