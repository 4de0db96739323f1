import { z } from 'zod'
import { t } from '../../i18n'
import { isGoodPassword } from '../../lib/password'

export const email = z
  .string()
  .trim()
  .min(1, t.form.required)
  .max(254, t.form.tooLong(254))
  .regex(/^[^\s@"<>()[\],:;\\]+@[^\s@"<>()[\],:;\\]+\.[^\s@"<>()[\],:;\\]+$/, t.form.badEmail)

/** A password that exists: whatever it is, the server judges it. */
export const anyPassword = z.string().min(1, t.form.required)
export const newPassword = z.string().min(1, t.form.required).refine(isGoodPassword, t.form.badPassword)
export const personName = z.string().trim().min(1, t.form.required).max(50, t.form.tooLong(50))

/** Adds a second field that must say the same. */
export const repeated = <T extends z.ZodRawShape>(shape: T) =>
  z
    .object({ ...shape, password: newPassword, repeat: z.string().min(1, t.form.required) })
    .refine((f) => (f as { password: string }).password === (f as { repeat: string }).repeat, {
      path: ['repeat'],
      message: t.form.differs,
    })

/** What every new account says of its person: names, address, a password twice. */
export interface Person {
  first_name: string
  last_name: string
  email: string
  password: string
  repeat: string
}

/** The names that the server gives the fields that it may refuse. */
export const personFields = ['email', 'password', 'first_name', 'last_name'] as const

export const nobody: Person = { first_name: '', last_name: '', email: '', password: '', repeat: '' }

/** What is asked of the fields of a [Person] but the password. */
export const personShape = { first_name: personName, last_name: personName, email }
