import type { ComponentProps, ReactNode } from 'react'
import { cx } from '../lib/cx'
import { buttonClass, type Variant } from './buttonClass'

export function Button({
  variant = 'soft',
  className,
  type = 'button',
  ...props
}: ComponentProps<'button'> & { variant?: Variant }) {
  return <button type={type} className={buttonClass(variant, className)} {...props} />
}

/** A square button that is only a picture; label is its name. */
export function IconButton({
  label,
  className,
  type = 'button',
  ...props
}: Omit<ComponentProps<'button'>, 'aria-label' | 'title'> & { label: string }) {
  return (
    <button
      type={type}
      aria-label={label}
      title={label}
      className={cx(
        'inline-flex size-8 shrink-0 items-center justify-center rounded-md text-muted transition-colors hover:bg-hover hover:text-text',
        className,
      )}
      {...props}
    />
  )
}

/** A titled part of a page. */
export function Card({
  title,
  aside,
  className,
  bodyClassName,
  children,
}: {
  title: ReactNode
  aside?: ReactNode
  className?: string
  bodyClassName?: string
  children: ReactNode
}) {
  return (
    <section className={cx('flex min-w-0 flex-col rounded-lg border border-line bg-surface', className)}>
      <header className="flex min-h-9 flex-wrap items-center justify-between gap-x-3 gap-y-1 px-3 pt-1.5">
        <h2 className="text-xs font-medium text-muted">{title}</h2>
        {aside}
      </header>
      <div className={cx('min-w-0 px-3 pt-1 pb-3', bodyClassName)}>{children}</div>
    </section>
  )
}

/** One of several choices, as a row of small buttons. */
export function Segmented<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string
  value: T
  options: readonly { value: T; label: string }[]
  onChange: (value: T) => void
}) {
  return (
    <div
      role="group"
      aria-label={label}
      className="inline-flex rounded-md border border-line bg-raised p-0.5"
    >
      {options.map((o) => (
        <button
          key={o.value}
          type="button"
          aria-pressed={o.value === value}
          onClick={() => {
            onChange(o.value)
          }}
          className="min-h-6 rounded-sm px-2 text-xs text-muted hover:text-text aria-pressed:bg-surface aria-pressed:text-text aria-pressed:shadow-[0_0_0_1px_var(--line)]"
        >
          {o.label}
        </button>
      ))}
    </div>
  )
}
