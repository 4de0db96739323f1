import { CircleAlert, LoaderCircle } from 'lucide-react'
import type { ReactNode } from 'react'
import { t } from '../i18n'
import { cx } from '../lib/cx'
import { Button } from './ui'

/** Shown while a page or a part of it is fetched; nothing for the first moments. */
export function Loading({ className }: { className?: string }) {
  return (
    <div role="status" className={cx('flex items-center justify-center p-10 text-muted', className)}>
      <LoaderCircle aria-hidden className="size-5 animate-spin" />
      <span className="sr-only">{t.common.loading}</span>
    </div>
  )
}

/** What went wrong, and a way to try again. */
export function ErrorState({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center gap-3 rounded-lg bg-bad-soft px-4 py-3 text-text"
    >
      <CircleAlert aria-hidden className="size-5 shrink-0 text-bad" />
      <p className="min-w-0 flex-1 basis-32">{error.message}</p>
      {onRetry !== undefined && <Button onClick={onRetry}>{t.common.retry}</Button>}
    </div>
  )
}

/** A page or part with nothing in it, and what to do about that. */
export function EmptyState({
  heading,
  text,
  part = false,
  children,
}: {
  heading: string
  text?: string
  /** True within a page that has a heading of its own. */
  part?: boolean
  children?: ReactNode
}) {
  const Heading = part ? 'h2' : 'h1'
  return (
    <div className="flex flex-col items-center gap-2 px-4 py-14 text-center">
      <Heading className="max-w-full text-lg font-semibold wrap-anywhere">{heading}</Heading>
      {text !== undefined && <p className="max-w-md text-base text-muted">{text}</p>}
      {children !== undefined && <div className="mt-3 flex flex-wrap justify-center gap-2">{children}</div>}
    </div>
  )
}
