import { zodResolver } from '@hookform/resolvers/zod'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useForm, useWatch } from 'react-hook-form'
import { useNavigate, useParams } from 'react-router'
import { account } from '../../api/account'
import { infoQuery } from '../../api/queries'
import { ApiError } from '../../api/transport'
import { useAuth } from '../../contexts/auth'
import { useTitle } from '../../hooks/useTitle'
import { t } from '../../i18n'
import { toast } from '../../lib/toast'
import { FormError } from '../form/fields'
import { showProblem } from '../form/problem'
import { EmptyState, ErrorState, Loading } from '../states'
import { Button } from '../ui'
import { AuthCard } from './AuthCard'
import { PersonFields } from './PersonFields'
import { nobody, personFields, personShape, repeated } from './schemas'

const texts = t.account.setup
const schema = repeated(personShape)

/** `/setup/:token`: makes the first administrator. */
export default function Setup() {
  useTitle(texts.title)
  const { token = '' } = useParams()
  const link = useQuery({
    queryKey: ['setup', token],
    queryFn: ({ signal }) => account.setupValid(token, signal),
    staleTime: Infinity,
  })
  if (link.isPending) return <Loading />
  const refused = link.error instanceof ApiError && link.error.status >= 400 && link.error.status < 500
  if (link.isError && !refused) {
    return (
      <div className="mx-auto w-full max-w-md p-6">
        <ErrorState error={link.error} onRetry={() => void link.refetch()} />
      </div>
    )
  }
  if (link.data?.valid !== true) return <EmptyState heading={texts.badHeading} text={texts.badText} />
  return <SetupForm token={token} />
}

function SetupForm({ token }: { token: string }) {
  const navigate = useNavigate()
  const queries = useQueryClient()
  const { signedIn } = useAuth()
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: nobody,
  })
  const { errors, isSubmitting } = form.formState
  const password = useWatch({ control: form.control, name: 'password' })
  const submit = form.handleSubmit(async ({ first_name, last_name, email, password }) => {
    try {
      signedIn(await account.setup({ token, email, password, first_name, last_name }))
      await queries.invalidateQueries({ queryKey: infoQuery.queryKey })
      toast.done(texts.done, texts.doneText)
      await navigate('/admin/dashboard', { replace: true })
    } catch (error) {
      showProblem(error, personFields, form.setError)
    }
  })
  return (
    <AuthCard wide heading={texts.heading} lead={texts.lead}>
      <form noValidate onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
        <PersonFields register={form.register} errors={errors} password={password} />
        <FormError message={errors.root?.message} />
        <Button type="submit" variant="solid" disabled={isSubmitting} className="min-h-9">
          {isSubmitting ? t.form.working : texts.submit}
        </Button>
      </form>
    </AuthCard>
  )
}
