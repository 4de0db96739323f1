import type { FieldErrors, FieldValues, Path, UseFormRegister } from 'react-hook-form'
import { t } from '../../i18n'
import { PasswordField, TextField } from '../form/fields'
import { PasswordRules } from '../form/PasswordRules'
import type { Person } from './schemas'

/** The fields of a [Person] in a form that may have more. */
export function PersonFields<T extends FieldValues & Person>({
  register,
  errors,
  password,
  fixedEmail = false,
}: {
  register: UseFormRegister<T>
  errors: FieldErrors<Person>
  /** As it is typed so far. */
  password: string
  /** Whether the address is given and cannot be another. */
  fixedEmail?: boolean
}) {
  const field = (name: keyof Person) => ({
    error: errors[name]?.message,
    ...register(name as Path<T>),
  })
  return (
    <>
      <div className="grid grid-cols-1 gap-4 min-[400px]:grid-cols-2">
        <TextField label={t.form.firstName} autoComplete="given-name" {...field('first_name')} />
        <TextField label={t.form.lastName} autoComplete="family-name" {...field('last_name')} />
      </div>
      <TextField
        label={t.form.email}
        type="email"
        inputMode="email"
        autoComplete="username"
        readOnly={fixedEmail}
        {...field('email')}
      />
      <div className="flex flex-col gap-2">
        <PasswordField label={t.form.password} autoComplete="new-password" {...field('password')} />
        <PasswordRules password={password} />
      </div>
      <PasswordField label={t.form.repeat} autoComplete="new-password" {...field('repeat')} />
    </>
  )
}
