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
