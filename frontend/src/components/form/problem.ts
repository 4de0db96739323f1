import type { FieldValues, Path, UseFormSetError } from 'react-hook-form'
import { ApiError } from '../../api/transport'

/**
 * Puts what the server refused beside the fields that it names; what it says
 * of the whole goes under `root`.
 */
export function showProblem<T extends FieldValues>(
  error: unknown,
  fields: readonly Path<T>[],
  setError: UseFormSetError<T>,
): void {
  if (!(error instanceof ApiError)) throw error
  const named = fields.filter((f) => error.fields[f] !== undefined)
  named.forEach((f, i) => {
    setError(f, { type: 'server', message: error.fields[f] ?? '' }, { shouldFocus: i === 0 })
  })
  if (named.length === 0) setError('root', { type: 'server', message: error.message })
}
