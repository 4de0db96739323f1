import { useMutation, useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { Link, useLocation, useNavigate, useSearchParams } from 'react-router'
import { account, codeLife } from '../../api/account'
import { infoQuery } from '../../api/queries'
import { ApiError } from '../../api/transport'
import { useCountdown } from '../../hooks/useCountdown'
import { useTitle } from '../../hooks/useTitle'
import { t } from '../../i18n'
import { formatElapsed } from '../../lib/format'
import { stateText } from '../../lib/navigation'
import { toast } from '../../lib/toast'
import { CodeField, codeLength } from '../form/CodeField'
import { FormError, TextField } from '../form/fields'
import { Button } from '../ui'
import { AuthCard } from './AuthCard'
import { textLink } from './links'

const texts = t.account.verify
/** So long after a code was sent another may be asked for, ms; the server may ask for more. */
const resendAfter = 30_000

/** `/verify-otp`: the code from the mail that registering sends. */
export default function VerifyOtp() {
  useTitle(texts.title)
  const navigate = useNavigate()
  const location = useLocation()
  const [search] = useSearchParams()
  const given = stateText(location.state, 'email') || (search.get('email') ?? '')
  const [email, setEmail] = useState(given)
  const [code, setCode] = useState('')
  const [wrong, setWrong] = useState<string>()
  const [expires, setExpires] = useState(() => after(stateText(location.state, 'sent')))
  const [resendAt, setResendAt] = useState(() => Date.now() + (given === '' ? 0 : resendAfter))
  const field = useRef<HTMLInputElement>(null)
  const info = useQuery(infoQuery)
  const left = useCountdown(expires)
  const wait = useCountdown(resendAt) ?? 0

  const verify = useMutation({
    mutationFn: (otp: string) => account.verify(email.trim(), otp),
    onSuccess: async () => {
      toast.done(texts.done, texts.doneText)
      await navigate('/login', { state: { email: email.trim() }, replace: true })
    },
    onError: () => {
      setCode('')
      field.current?.focus()
    },
  })
  const resend = useMutation({
    mutationFn: () => account.resend(email.trim()),
    onSuccess: () => {
      setExpires(Date.now() + codeLife)
      setResendAt(Date.now() + resendAfter)
      setCode('')
      verify.reset()
      toast.done(texts.resent)
      field.current?.focus()
    },
    onError: (error) => {
      if (error instanceof ApiError && error.retryAfter > 0) setResendAt(Date.now() + error.retryAfter * 1000)
    },
  })
  const submit = (otp: string) => {
    if (otp.length < codeLength) {
      setWrong(t.form.wholeCode)
      field.current?.focus()
      return
    }
    setWrong(undefined)
    verify.mutate(otp)
  }
  return (
    <AuthCard
      heading={texts.heading}
      {...(given === '' ? {} : { lead: texts.lead(given) })}
      footer={
        <Link to="/register" className={textLink}>
          {texts.other}
        </Link>
      }
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          submit(code)
        }}
        className="flex flex-col gap-4"
      >
        {given === '' && (
          <TextField
            label={t.form.email}
            type="email"
            autoComplete="username"
            value={email}
            onChange={(event) => {
              setEmail(event.target.value)
            }}
          />
        )}
        <CodeField
          ref={field}
          label={t.form.code}
          value={code}
          error={wrong}
          disabled={verify.isPending}
          onChange={(next) => {
            setCode(next)
            setWrong(undefined)
          }}
          onComplete={submit}
        />
        {left !== undefined && (
          <p className="num text-center text-muted" role={left === 0 ? 'alert' : undefined}>
            {left === 0 ? texts.expired : texts.valid(formatElapsed(left))}
          </p>
        )}
        {info.data?.mail === 'folder' && <p className="text-xs text-muted">{texts.folder}</p>}
        <FormError message={(verify.error ?? resend.error)?.message} />
        <Button type="submit" variant="solid" disabled={verify.isPending} className="min-h-9">
          {verify.isPending ? t.form.working : texts.submit}
        </Button>
        <Button
          variant="ghost"
          className="num"
          disabled={wait > 0 || resend.isPending || email.trim() === ''}
          onClick={() => {
            resend.mutate()
          }}
        >
          {wait > 0 ? texts.resendIn(wait) : texts.resend}
        </Button>
      </form>
    </AuthCard>
  )
}

/** When a code runs out that was sent at a time; undefined where that is not known. */
function after(sent: string): number | undefined {
  const ms = Date.parse(sent)
  return Number.isNaN(ms) ? undefined : ms + codeLife
}
