import { zodResolver } from '@hookform/resolvers/zod'
import { useQueryClient } from '@tanstack/react-query'
import { Controller, useForm } from 'react-hook-form'
import { z } from 'zod'
import { admin, type AdminUser } from '../../api/admin'
import { nameOf } from '../../api/account'
import { t } from '../../i18n'
import { toast } from '../../lib/toast'
import { email, newPassword, personName } from '../auth/schemas'
import { Dialog } from '../Dialog'
import { FormError, PasswordField, SelectField, TextField } from '../form/fields'
import { PasswordRules } from '../form/PasswordRules'
import { showProblem } from '../form/problem'
import { Button } from '../ui'

const texts = t.admin.users
const base = { first_name: personName, last_name: personName, email, role: z.string() }
const createSchema = z.object({ ...base, password: newPassword, status: z.string() })
const editSchema = z.object({ ...base, password: z.string(), status: z.string() })

/** Adds a user, or changes one. */
export function UserDialog({
  user,
  open,
  onClose,
}: {
  /** undefined: a new one */
  user: AdminUser | undefined
  open: boolean
  onClose: () => void
}) {
  return (
    <Dialog
      open={open}
      title={user === undefined ? texts.create : texts.edit(nameOf(user))}
      onClose={onClose}
    >
      <UserFields user={user} onClose={onClose} />
    </Dialog>
  )
}

function UserFields({ user, onClose }: { user: AdminUser | undefined; onClose: () => void }) {
  const queries = useQueryClient()
  const form = useForm({
    resolver: zodResolver(user === undefined ? createSchema : editSchema),
    defaultValues: {
      first_name: user?.first_name ?? '',
      last_name: user?.last_name ?? '',
      email: user?.email ?? '',
      role: user?.role === 'admin' ? 'admin' : 'user',
      status: user?.status ?? 'active',
      password: '',
    },
  })
  const { errors, isSubmitting } = form.formState
  const submit = form.handleSubmit(async ({ password, status, ...values }) => {
    try {
      if (user === undefined) await admin.createUser({ ...values, password })
      else await admin.changeUser(user._id, { ...values, status })
      toast.done(user === undefined ? texts.created : texts.saved)
      await queries.invalidateQueries({ queryKey: ['admin'] })
      onClose()
    } catch (error) {
      showProblem(error, ['first_name', 'last_name', 'email', 'role', 'status', 'password'], form.setError)
    }
  })
  return (
    <form noValidate onSubmit={(event) => void submit(event)} className="mt-3 flex flex-col gap-4">
      {user === undefined && <p className="text-muted">{texts.createText}</p>}
      <div className="grid grid-cols-1 gap-4 min-[400px]:grid-cols-2">
        <TextField
          label={t.form.firstName}
          autoComplete="off"
          error={errors.first_name?.message}
          {...form.register('first_name')}
        />
        <TextField
          label={t.form.lastName}
          autoComplete="off"
          error={errors.last_name?.message}
          {...form.register('last_name')}
        />
      </div>
      <TextField
        label={t.form.email}
        type="email"
        autoComplete="off"
        error={errors.email?.message}
        {...form.register('email')}
      />
      {user === undefined && (
        <div className="flex flex-col gap-2">
          <PasswordField
            label={t.form.password}
            autoComplete="new-password"
            error={errors.password?.message}
            {...form.register('password')}
          />
          <Controller
            control={form.control}
            name="password"
            render={({ field }) => <PasswordRules password={field.value} />}
          />
        </div>
      )}
      <div className="flex flex-wrap gap-4">
        <Controller
          control={form.control}
          name="role"
          render={({ field }) => (
            <SelectField
              className="flex-1"
              label={texts.role}
              value={field.value}
              options={Object.entries(texts.roles)}
              onChange={field.onChange}
            />
          )}
        />
        {user !== undefined && (
          <Controller
            control={form.control}
            name="status"
            render={({ field }) => (
              <SelectField
                className="flex-1"
                label={texts.status}
                value={field.value}
                options={Object.entries(texts.statuses)}
                onChange={field.onChange}
              />
            )}
          />
        )}
      </div>
      {user !== undefined && <p className="text-xs text-muted">{texts.suspendNote}</p>}
      <FormError message={(errors.root ?? errors.role ?? errors.status)?.message} />
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button type="submit" variant="solid" disabled={isSubmitting}>
          {isSubmitting ? t.form.working : t.form.save}
        </Button>
      </div>
    </form>
  )
}
