import { t } from '../i18n'
import { cx } from '../lib/cx'
import type { Label } from '../live/protocol'

const color: Record<Label, string> = {
  positive: 'text-positive',
  neutral: 'text-neutral',
  negative: 'text-negative',
}

const shape: Record<Label, string> = {
  positive: 'M6 1.5 11.2 10.5H.8z',
  neutral: 'M6 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8z',
  negative: 'M6 10.5.8 1.5h10.4z',
}

/** The label's shape: ▲ positive, ● neutral, ▼ negative. Its word stands beside it. */
export function LabelGlyph({ label, className }: { label: Label; className?: string }) {
  return (
    <svg
      viewBox="0 0 12 12"
      aria-hidden
      className={cx('size-2.5 shrink-0 fill-current', color[label], className)}
    >
      <path d={shape[label]} />
    </svg>
  )
}

/** Shape and word together. */
export function LabelTag({ label, className }: { label: Label; className?: string }) {
  return (
    <span className={cx('inline-flex items-center gap-1', color[label], className)}>
      <LabelGlyph label={label} />
      {t.label[label]}
    </span>
  )
}
