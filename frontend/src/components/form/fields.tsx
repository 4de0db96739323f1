import { CircleAlert, Eye, EyeOff } from 'lucide-react'
import { useId, useState, type ComponentProps, type ReactNode } from 'react'
import { t } from '../../i18n'
import { cx } from '../../lib/cx'

export const inputClass =
  'h-9 w-full min-w-0 rounded-md border border-line-strong bg-surface px-2.5 text-base outline-none ' +
  'placeholder:text-faint focus:border-accent focus:outline-2 focus:outline-offset-0 focus:outline-accent ' +
  'aria-invalid:border-bad disabled:bg-raised disabled:text-muted'

/** A label, what it is for, and what is wrong with it. The child gets the ids that join them. */
export function Field({
  label,
  hint,
  error,
  aside,
  className,
  children,
}: {
  label: ReactNode
  hint?: ReactNode
  error?: string | undefined
  /** Beside the label, such as a link. */
  aside?: ReactNode
  className?: string
  children: (ids: {
    id: string
    'aria-describedby': string | undefined
    'aria-invalid': boolean
  }) => ReactNode
}) {
  const id = useId()
  const told = error !== undefined || hint !== undefined
  return (
    <div className={cx('flex min-w-0 flex-col gap-1', className)}>
      <div className="flex items-baseline justify-between gap-3">
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {aside}
      </div>
      {children({
        id,
        'aria-describedby': told ? `${id}-told` : undefined,
        'aria-invalid': error !== undefined,
      })}
      {told && (
        <p id={`${id}-told`} className={error === undefined ? 'text-muted' : 'text-bad'}>
          {error ?? hint}
        </p>
      )}
    </div>
  )
}

type InputProps = ComponentProps<'input'>

export function TextField({
  label,
  hint,
  error,
  aside,
  className,
  ...input
}: Omit<InputProps, 'id'> & {
  label: ReactNode
  hint?: ReactNode
  error?: string | undefined
  aside?: ReactNode
}) {
  return (
    <Field
      label={label}
      error={error}
      {...(hint === undefined ? {} : { hint })}
      {...(aside === undefined ? {} : { aside })}
      {...(className === undefined ? {} : { className })}
    >
      {(ids) => <input {...ids} {...input} className={inputClass} />}
    </Field>
  )
}

/** A password that can be shown. */
export function PasswordField({
  label,
  error,
  aside,
  ...input
}: Omit<InputProps, 'id' | 'type'> & { label: ReactNode; error?: string | undefined; aside?: ReactNode }) {
  const [shown, setShown] = useState(false)
  const Icon = shown ? EyeOff : Eye
  return (
    <Field label={label} error={error} {...(aside === undefined ? {} : { aside })}>
      {(ids) => (
        <div className="relative">
          <input
            {...ids}
            {...input}
            type={shown ? 'text' : 'password'}
            autoCapitalize="none"
            spellCheck={false}
            className={cx(inputClass, 'pr-10')}
          />
          <button
            type="button"
            aria-label={shown ? t.form.hidePassword : t.form.showPassword}
            title={shown ? t.form.hidePassword : t.form.showPassword}
            onClick={() => {
              setShown(!shown)
            }}
            className="absolute inset-y-0 right-0 flex w-9 items-center justify-center rounded-md text-muted hover:text-text"
          >
            <Icon aria-hidden className="size-4" />
          </button>
        </div>
      )}
    </Field>
  )
}

/** What keeps a form from being done, in the server's words. */
export function FormError({ message }: { message: string | undefined }) {
  return (
    <div role="alert" aria-live="assertive" className="empty:hidden">
      {message !== undefined && (
        <p className="flex items-start gap-2 rounded-md bg-bad-soft px-3 py-2 text-text">
          <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
          <span className="min-w-0 wrap-anywhere">{message}</span>
        </p>
      )}
    </div>
  )
}

/** A choice that is on or off. */
export function Toggle({
  label,
  hint,
  checked,
  disabled,
  onChange,
}: {
  label: string
  hint?: string
  checked: boolean
  disabled?: boolean
  onChange: (on: boolean) => void
}) {
  const id = useId()
  return (
    <div className="flex items-start gap-3">
      <button
        type="button"
        role="switch"
        id={id}
        aria-checked={checked}
        aria-labelledby={`${id}-label`}
        {...(hint === undefined ? {} : { 'aria-describedby': `${id}-hint` })}
        disabled={disabled}
        onClick={() => {
          onChange(!checked)
        }}
        className="group mt-0.5 inline-flex h-5 w-9 shrink-0 items-center rounded-full border border-line-strong bg-raised p-0.5 transition-colors aria-checked:border-accent-solid aria-checked:bg-accent-solid disabled:opacity-60"
      >
        <span className="size-3.5 rounded-full bg-faint transition-transform group-aria-checked:translate-x-4 group-aria-checked:bg-on-accent" />
      </button>
      <div className="min-w-0">
        <label id={`${id}-label`} htmlFor={id} className="font-medium">
          {label}
        </label>
        {hint !== undefined && (
          <p id={`${id}-hint`} className="text-muted">
            {hint}
          </p>
        )}
      </div>
    </div>
  )
}

/** A choice among the fields of a form. */
export function SelectField({
  label,
  value,
  options,
  disabled,
  onChange,
  className,
}: {
  label: string
  value: string
  options: readonly (readonly [value: string, label: string])[]
  disabled?: boolean
  onChange: (value: string) => void
  className?: string
}) {
  return (
    <Field label={label} {...(className === undefined ? {} : { className })}>
      {(ids) => (
        <select
          {...ids}
          value={value}
          disabled={disabled}
          onChange={(event) => {
            onChange(event.target.value)
          }}
          className={inputClass}
        >
          {options.map(([v, name]) => (
            <option key={v} value={v}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

/** A choice beside its name, as above a list. */
export function Select({
  label,
  hideLabel = false,
  value,
  options,
  onChange,
  className,
}: {
  label: string
  hideLabel?: boolean
  value: string
  /** `lang` where a label is not in the page's language. */
  options: readonly (readonly [value: string, label: string, lang?: string])[]
  onChange: (value: string) => void
  className?: string
}) {
  const id = useId()
  return (
    <span className={cx('inline-flex min-w-0 items-center gap-1.5', className)}>
      <label htmlFor={id} className={hideLabel ? 'sr-only' : 'whitespace-nowrap text-muted'}>
        {label}
      </label>
      <select
        id={id}
        value={value}
        onChange={(event) => {
          onChange(event.target.value)
        }}
        className="h-8 min-w-0 rounded-md border border-line bg-surface px-2 text-sm"
      >
        {options.map(([v, name, lang]) => (
          <option key={v} value={v} lang={lang}>
            {name}
          </option>
        ))}
      </select>
    </span>
  )
}
