import { zodResolver } from '@hookform/resolvers/zod'
import { useQuery } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { Link, Navigate, useLocation, useNavigate, useSearchParams } from 'react-router'
import { z } from 'zod'
import { account } from '../../api/account'
import { infoQuery } from '../../api/queries'
import { ApiError } from '../../api/transport'
import { useAuth } from '../../contexts/auth'
import { useTitle } from '../../hooks/useTitle'
import { t } from '../../i18n'
import { stateText } from '../../lib/navigation'
import { FormError, PasswordField, TextField } from '../form/fields'
import { showProblem } from '../form/problem'
import { Button } from '../ui'
import { AuthCard } from './AuthCard'
import { nextOf, textLink } from './links'
import { anyPassword, email } from './schemas'

const schema = z.object({ email, password: anyPassword })

/** `/login` */
export default function Login() {
  useTitle(t.account.login.title)
  const auth = useAuth()
  const navigate = useNavigate()
  const location = useLocation()
  const [search] = useSearchParams()
  const info = useQuery(infoQuery)
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { email: stateText(location.state, 'email'), password: '' },
  })
  const { errors, isSubmitting } = form.formState
  const next = nextOf(search)

  if (auth.user != null) {
    const to = next === '/' && auth.isAdmin && search.get('next') === null ? '/admin/dashboard' : next
    return <Navigate to={to} replace />
  }

  const submit = form.handleSubmit(async (values) => {
    try {
      auth.signedIn(await account.login(values.email, values.password))
    } catch (error) {
      if (error instanceof ApiError && error.status === 403 && /not active/i.test(error.message)) {
        form.setError('root.notActive', { message: error.message })
        return
      }
      showProblem(error, ['email', 'password'], form.setError)
      form.setFocus('password', { shouldSelect: true })
    }
  })
  return (
    <AuthCard
      heading={t.account.login.heading}
      {...(search.has('next') ? { lead: t.account.login.next } : {})}
      footer={
        info.data?.registration === 'closed' ? (
          t.account.login.closed
        ) : (
          <>
            {t.account.login.none}{' '}
            <Link to="/register" className={textLink}>
              {t.account.register}
            </Link>
          </>
        )
      }
    >
      <form noValidate onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
        <TextField
          label={t.form.email}
          type="email"
          inputMode="email"
          autoComplete="username"
          error={errors.email?.message}
          {...form.register('email')}
        />
        <PasswordField
          label={t.form.password}
          autoComplete="current-password"
          error={errors.password?.message}
          aside={
            <Link to="/forgot-password" className={textLink}>
              {t.account.login.forgot}
            </Link>
          }
          {...form.register('password')}
        />
        <FormError message={errors.root?.notActive?.message ?? errors.root?.message} />
        {errors.root?.notActive !== undefined && (
          <Button
            onClick={() => void navigate('/verify-otp', { state: { email: form.getValues('email').trim() } })}
          >
            {t.account.login.notVerified}
          </Button>
        )}
        <Button type="submit" variant="solid" disabled={isSubmitting} className="min-h-9">
          {isSubmitting ? t.form.working : t.account.signIn}
        </Button>
      </form>
    </AuthCard>
  )
}
