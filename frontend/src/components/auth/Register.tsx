import { zodResolver } from '@hookform/resolvers/zod'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useForm, useWatch } from 'react-hook-form'
import { Link, Navigate, useNavigate, useParams, useSearchParams } from 'react-router'
import { z } from 'zod'
import { account } from '../../api/account'
import { infoQuery } from '../../api/queries'
import { useAuth } from '../../contexts/auth'
import { useTitle } from '../../hooks/useTitle'
import { t } from '../../i18n'
import { FormError, TextField } from '../form/fields'
import { showProblem } from '../form/problem'
import { EmptyState, ErrorState, Loading } from '../states'
import { Button } from '../ui'
import { AuthCard } from './AuthCard'
import { PersonFields } from './PersonFields'
import { textLink } from './links'
import { nobody, personFields, personShape, repeated } from './schemas'

const texts = t.account.registering
const schema = repeated({
  ...personShape,
  invite: z.string().trim(),
  agreed: z.boolean().refine((yes) => yes, texts.mustAgree),
})

/** `/register`, and `/invite/:code` or `?invite=` where one was invited. */
export default function Register() {
  useTitle(texts.title)
  const auth = useAuth()
  const info = useQuery(infoQuery)
  const { code } = useParams()
  const [search] = useSearchParams()
  const invite = code ?? search.get('invite') ?? ''
  if (auth.user != null) return <Navigate to="/" replace />
  if (info.data === undefined) {
    return info.isError ? (
      <div className="mx-auto w-full max-w-md p-6">
        <ErrorState error={info.error} onRetry={() => void info.refetch()} />
      </div>
    ) : (
      <Loading />
    )
  }
  const signIn = (
    <Link to="/login" className={textLink}>
      {t.account.signIn}
    </Link>
  )
  if (info.data.setup_needed) return <EmptyState heading={texts.firstHeading} text={texts.firstText} />
  if (info.data.registration === 'closed') {
    return (
      <EmptyState heading={texts.closedHeading} text={texts.closedText}>
        {signIn}
      </EmptyState>
    )
  }
  return <RegisterForm invite={invite} needsInvite={info.data.registration === 'invite'} />
}

function RegisterForm({ invite, needsInvite }: { invite: string; needsInvite: boolean }) {
  const navigate = useNavigate()
  const known = useQuery({
    queryKey: ['invite', invite],
    queryFn: ({ signal }) => account.invite(invite, signal),
    enabled: invite !== '',
    staleTime: Infinity,
  })
  const invited = known.data?.valid === true
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { ...nobody, invite, agreed: false },
  })
  const { errors, isSubmitting } = form.formState
  const password = useWatch({ control: form.control, name: 'password' })
  const theirs = known.data?.email ?? ''
  useEffect(() => {
    if (theirs !== '') form.setValue('email', theirs)
  }, [theirs, form])

  const submit = form.handleSubmit(async (values) => {
    try {
      const { email, password, first_name, last_name } = values
      const told = await account.register({
        email,
        password,
        first_name,
        last_name,
        ...(values.invite === '' ? {} : { invite: values.invite }),
      })
      await navigate('/verify-otp', { state: { email: told.email, sent: new Date().toISOString() } })
    } catch (error) {
      showProblem(error, [...personFields, 'invite'], form.setError)
    }
  })
  return (
    <AuthCard
      wide
      heading={needsInvite && invite === '' ? texts.inviteHeading : texts.heading}
      lead={invited ? texts.invited : needsInvite && invite === '' ? texts.inviteText : texts.lead}
      footer={
        <>
          {texts.have}{' '}
          <Link to="/login" className={textLink}>
            {t.account.signIn}
          </Link>
        </>
      }
    >
      <form noValidate onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
        {known.data?.valid === false && <FormError message={texts.inviteBad} />}
        {needsInvite && !invited && (
          <TextField
            label={texts.invite}
            autoComplete="off"
            spellCheck={false}
            error={errors.invite?.message}
            {...form.register('invite')}
          />
        )}
        <PersonFields
          register={form.register}
          errors={errors}
          password={password}
          fixedEmail={theirs !== ''}
        />
        <div>
          <label className="flex items-start gap-2">
            <input
              type="checkbox"
              aria-invalid={errors.agreed !== undefined}
              aria-describedby="agreed-told"
              className="mt-0.5 size-4 shrink-0 accent-accent-solid"
              {...form.register('agreed')}
            />
            <span className="text-muted">
              {texts.agreeBefore}
              <Link to="/terms" target="_blank" className={textLink}>
                {texts.terms}
              </Link>
              {texts.agreeBetween}
              <Link to="/privacy" target="_blank" className={textLink}>
                {texts.privacy}
              </Link>
              {texts.agreeAfter}
            </span>
          </label>
          <p id="agreed-told" className="text-bad">
            {errors.agreed?.message}
          </p>
        </div>
        <FormError message={errors.root?.message} />
        <Button type="submit" variant="solid" disabled={isSubmitting} className="min-h-9">
          {isSubmitting ? t.form.working : t.account.register}
        </Button>
      </form>
    </AuthCard>
  )
}
