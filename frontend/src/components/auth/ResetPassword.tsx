import { zodResolver } from '@hookform/resolvers/zod'
import { useQuery } from '@tanstack/react-query'
import { useForm, useWatch } from 'react-hook-form'
import { Link, useNavigate, useParams } from 'react-router'
import { account } from '../../api/account'
import { ApiError } from '../../api/transport'
import { useTitle } from '../../hooks/useTitle'
import { t } from '../../i18n'
import { toast } from '../../lib/toast'
import { buttonClass } from '../buttonClass'
import { FormError, PasswordField } from '../form/fields'
import { PasswordRules } from '../form/PasswordRules'
import { showProblem } from '../form/problem'
import { EmptyState, ErrorState, Loading } from '../states'
import { Button } from '../ui'
import { AuthCard } from './AuthCard'
import { repeated } from './schemas'

const texts = t.account.reset
const schema = repeated({})

/** `/reset-password/:userId/:token`: the link of the mail. */
export default function ResetPassword() {
  useTitle(texts.title)
  const { userId = '', token = '' } = useParams()
  const link = useQuery({
    queryKey: ['reset', userId, token],
    queryFn: ({ signal }) => account.validateReset(userId, token, signal),
    staleTime: Infinity,
  })
  if (link.isPending) return <Loading />
  if (link.isError) {
    if (!(link.error instanceof ApiError && link.error.status === 400)) {
      return (
        <div className="mx-auto w-full max-w-md p-6">
          <ErrorState error={link.error} onRetry={() => void link.refetch()} />
        </div>
      )
    }
    return (
      <EmptyState heading={texts.badHeading} text={texts.badText}>
        <Link to="/forgot-password" className={buttonClass('solid')}>
          {texts.anew}
        </Link>
      </EmptyState>
    )
  }
  return <ResetForm userId={userId} token={token} />
}

function ResetForm({ userId, token }: { userId: string; token: string }) {
  const navigate = useNavigate()
  const form = useForm({ resolver: zodResolver(schema), defaultValues: { password: '', repeat: '' } })
  const { errors, isSubmitting } = form.formState
  const password = useWatch({ control: form.control, name: 'password' })
  const submit = form.handleSubmit(async (values) => {
    try {
      await account.reset(userId, token, values.password)
      toast.done(texts.done, texts.doneText)
      await navigate('/login', { replace: true })
    } catch (error) {
      showProblem(error, ['password'], form.setError)
    }
  })
  return (
    <AuthCard heading={texts.heading}>
      <form noValidate onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
        <div className="flex flex-col gap-2">
          <PasswordField
            label={t.form.newPassword}
            autoComplete="new-password"
            error={errors.password?.message}
            {...form.register('password')}
          />
          <PasswordRules password={password} />
        </div>
        <PasswordField
          label={t.form.repeat}
          autoComplete="new-password"
          error={errors.repeat?.message}
          {...form.register('repeat')}
        />
        <FormError message={errors.root?.message} />
        <Button type="submit" variant="solid" disabled={isSubmitting} className="min-h-9">
          {isSubmitting ? t.form.working : texts.submit}
        </Button>
      </form>
    </AuthCard>
  )
}
