import { zodResolver } from '@hookform/resolvers/zod'
import { useQueryClient } from '@tanstack/react-query'
import { useForm, useWatch } from 'react-hook-form'
import { account, type User } from '../../api/account'
import { t } from '../../i18n'
import { toast } from '../../lib/toast'
import { anyPassword, repeated } from '../auth/schemas'
import { FormError, PasswordField } from '../form/fields'
import { PasswordRules } from '../form/PasswordRules'
import { showProblem } from '../form/problem'
import { Button } from '../ui'

const texts = t.settings.password
const schema = repeated({ old_password: anyPassword })
const empty = { old_password: '', password: '', repeat: '' }

export function Password({ user }: { user: User }) {
  const queries = useQueryClient()
  const form = useForm({ resolver: zodResolver(schema), defaultValues: empty })
  const { errors, isSubmitting } = form.formState
  const password = useWatch({ control: form.control, name: 'password' })
  const submit = form.handleSubmit(async (values) => {
    try {
      await account.changePassword(values.old_password, values.password)
      form.reset(empty)
      toast.done(texts.done)
      await queries.invalidateQueries({ queryKey: ['user', 'sessions'] })
    } catch (error) {
      showProblem(error, ['old_password', 'password'], form.setError)
    }
  })
  return (
    <form noValidate onSubmit={(event) => void submit(event)} className="flex max-w-sm flex-col gap-4">
      <input type="email" autoComplete="username" value={user.email} readOnly hidden aria-hidden />
      <PasswordField
        label={texts.old}
        autoComplete="current-password"
        error={errors.old_password?.message}
        {...form.register('old_password')}
      />
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
      <Button type="submit" disabled={isSubmitting} className="self-start">
        {isSubmitting ? t.form.working : texts.change}
      </Button>
    </form>
  )
}
