import { cx } from '../lib/cx'

export type Variant = 'solid' | 'soft' | 'ghost' | 'danger'

const variants: Record<Variant, string> = {
  solid: 'bg-accent-solid text-on-accent hover:bg-accent-solid-hover',
  soft: 'border border-line bg-surface hover:bg-hover text-text',
  ghost: 'text-muted hover:bg-hover hover:text-text',
  danger: 'border border-line bg-surface text-bad hover:bg-bad-soft',
}

const base =
  'inline-flex items-center justify-center gap-1.5 rounded-md px-2.5 py-1 text-sm font-medium whitespace-nowrap ' +
  'transition-colors disabled:opacity-60 min-h-8'

/** The look of a button, for links that look like one. */
export const buttonClass = (variant: Variant = 'soft', extra?: string): string =>
  cx(base, variants[variant], extra)
