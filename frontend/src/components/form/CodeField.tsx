import { useState, type Ref } from 'react'
import { cx } from '../../lib/cx'
import { Field } from './fields'

export const codeLength = 6

/**
 * A one-time code in six boxes. Beneath them lies one ordinary field, so that
 * pasting, filling in from a mail, correcting and reading out work as anywhere.
 */
export function CodeField({
  label,
  hint,
  error,
  value,
  onChange,
  onComplete,
  disabled,
  ref,
}: {
  label: string
  hint?: string
  error?: string | undefined
  value: string
  onChange: (code: string) => void
  /** Called when the last digit is there. */
  onComplete?: (code: string) => void
  disabled?: boolean
  ref?: Ref<HTMLInputElement>
}) {
  const [focused, setFocused] = useState(false)
  const at = Math.min(value.length, codeLength - 1)
  return (
    <Field label={label} error={error} {...(hint === undefined ? {} : { hint })}>
      {(ids) => (
        <div className="relative">
          <div aria-hidden className="grid grid-cols-6 gap-2">
            {Array.from({ length: codeLength }, (_, i) => (
              <span
                key={i}
                className={cx(
                  'num flex h-12 items-center justify-center rounded-md border bg-surface text-xl font-semibold',
                  error === undefined ? 'border-line-strong' : 'border-bad',
                  focused && i === at && 'border-accent outline-2 outline-accent',
                )}
              >
                {value[i] ?? ''}
              </span>
            ))}
          </div>
          <input
            {...ids}
            ref={ref}
            value={value}
            disabled={disabled}
            inputMode="numeric"
            autoComplete="one-time-code"
            pattern="[0-9]*"
            spellCheck={false}
            onFocus={(event) => {
              setFocused(true)
              const { length } = event.target.value
              event.target.setSelectionRange(length, length)
            }}
            onBlur={() => {
              setFocused(false)
            }}
            onChange={(event) => {
              const code = event.target.value.replaceAll(/\D/g, '').slice(0, codeLength)
              onChange(code)
              if (code.length === codeLength && code !== value) onComplete?.(code)
            }}
            className="absolute inset-0 w-full cursor-text bg-transparent text-transparent caret-transparent outline-none selection:bg-transparent"
          />
        </div>
      )}
    </Field>
  )
}
