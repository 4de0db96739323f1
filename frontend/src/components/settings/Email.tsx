import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { account, type User } from '../../api/account'
import { useAuth } from '../../contexts/auth'
import { t } from '../../i18n'
import { toast } from '../../lib/toast'
import { email as emailSchema } from '../auth/schemas'
import { CodeField, codeLength } from '../form/CodeField'
import { FormError, PasswordField, TextField } from '../form/fields'
import { Button } from '../ui'

const texts = t.settings.email

type Step =
  | { at: 'idle' }
  | { at: 'ask' }
  | { at: 'current'; current: string; next: string }
  | { at: 'new'; next: string }

const stepNumber = { ask: 1, current: 2, new: 3 } as const

/** Changes the e-mail address in three steps: ask, prove the old mailbox, prove the new one. */
export function Email({ user }: { user: User }) {
  const { setUser } = useAuth()
  const [step, setStep] = useState<Step>({ at: 'idle' })
  const [address, setAddress] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [wrong, setWrong] = useState<string>()

  const ask = useMutation({
    mutationFn: () => account.emailRequest(address.trim(), password),
    onSuccess: (told) => {
      setPassword('')
      setCode('')
      setStep({ at: 'current', current: told.current_email, next: address.trim() })
    },
  })
  const proveOld = useMutation({
    mutationFn: (otp: string) => account.emailCurrent(otp),
    onSuccess: (told) => {
      setCode('')
      setStep({ at: 'new', next: told.new_email })
    },
    onError: () => {
      setCode('')
    },
  })
  const proveNew = useMutation({
    mutationFn: (otp: string) => account.emailNew(otp),
    onSuccess: (told) => {
      setUser(told.user)
      toast.done(texts.done)
      reset()
    },
    onError: () => {
      setCode('')
    },
  })
  const cancel = useMutation({
    mutationFn: () => account.emailCancel(),
    onSuccess: () => {
      toast.done(texts.cancelled)
    },
    onSettled: () => {
      reset()
    },
  })
  const reset = () => {
    for (const m of [ask, proveOld, proveNew]) m.reset()
    setStep({ at: 'idle' })
    setAddress('')
    setPassword('')
    setCode('')
    setWrong(undefined)
  }

  if (step.at === 'idle') {
    return (
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="min-w-0 wrap-anywhere">{texts.now(user.email)}</p>
        <Button
          onClick={() => {
            setStep({ at: 'ask' })
          }}
        >
          {texts.change}
        </Button>
      </div>
    )
  }
  const n = stepNumber[step.at]
  const pending = ask.isPending || proveOld.isPending || proveNew.isPending
  const send = (otp: string) => {
    if (otp.length < codeLength) setWrong(t.form.wholeCode)
    else if (step.at === 'current') proveOld.mutate(otp)
    else proveNew.mutate(otp)
  }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setWrong(undefined)
        if (step.at !== 'ask') {
          send(code)
          return
        }
        const checked = emailSchema.safeParse(address)
        if (!checked.success) setWrong(checked.error.issues[0]?.message ?? t.form.badEmail)
        else ask.mutate()
      }}
      className="flex max-w-sm flex-col gap-4"
    >
      <div>
        <p className="text-xs font-medium text-muted">{texts.step(n, 3, texts.steps[n - 1] ?? '')}</p>
        <div aria-hidden className="mt-1.5 grid grid-cols-3 gap-1">
          {[1, 2, 3].map((i) => (
            <span key={i} className={`h-1 rounded-full ${i <= n ? 'bg-accent-solid' : 'bg-line'}`} />
          ))}
        </div>
      </div>
      {step.at === 'ask' ? (
        <>
          <p className="text-muted">{texts.why}</p>
          <TextField
            label={texts.newEmail}
            type="email"
            autoComplete="email"
            value={address}
            error={wrong}
            onChange={(event) => {
              setAddress(event.target.value)
              setWrong(undefined)
            }}
          />
          <PasswordField
            label={t.settings.password.old}
            autoComplete="current-password"
            value={password}
            onChange={(event) => {
              setPassword(event.target.value)
            }}
          />
        </>
      ) : (
        <>
          <p className="wrap-anywhere text-muted">
            {step.at === 'current' ? texts.sentCurrent(step.current) : texts.sentNew(step.next)}
          </p>
          <CodeField
            key={step.at}
            label={t.form.code}
            value={code}
            error={wrong}
            disabled={pending}
            onChange={(next) => {
              setCode(next)
              setWrong(undefined)
            }}
            onComplete={send}
          />
        </>
      )}
      <FormError
        message={
          (step.at === 'ask' ? ask.error : step.at === 'current' ? proveOld.error : proveNew.error)?.message
        }
      />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" variant="solid" disabled={pending}>
          {pending
            ? t.form.working
            : step.at === 'ask'
              ? texts.sendCode
              : step.at === 'current'
                ? texts.next
                : texts.finish}
        </Button>
        <Button
          variant="ghost"
          disabled={cancel.isPending}
          onClick={() => {
            if (step.at === 'ask') reset()
            else cancel.mutate()
          }}
        >
          {step.at === 'ask' ? t.common.cancel : texts.cancel}
        </Button>
      </div>
    </form>
  )
}
