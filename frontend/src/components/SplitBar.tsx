import type { Counts } from '../api/types'
import { t } from '../i18n'
import { formatShare } from '../lib/format'
import { cx } from '../lib/cx'
import { labels } from '../live/protocol'

const fill = { positive: 'bg-positive-fill', neutral: 'bg-neutral-fill', negative: 'bg-negative-fill' }

/** Shares of the labels as one bar: positive, neutral, negative from left to right. */
export function SplitBar({
  counts,
  className,
}: {
  counts: Pick<Counts, 'total' | 'positive' | 'neutral' | 'negative'>
  className?: string
}) {
  const text = labels.map((l) => `${formatShare(counts[l], counts.total)} ${t.label[l]}`).join(', ')
  return (
    <div
      role="img"
      aria-label={text}
      title={text}
      className={cx('flex h-2 gap-px overflow-hidden rounded-full bg-raised', className)}
    >
      {counts.total > 0 &&
        labels.map((l) => (
          <span
            key={l}
            className={cx('h-full', fill[l])}
            style={{ width: `${(counts[l] / counts.total) * 100}%` }}
          />
        ))}
    </div>
  )
}
