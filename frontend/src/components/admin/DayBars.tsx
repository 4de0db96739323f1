import { t } from '../../i18n'
import { cx } from '../../lib/cx'
import { formatCount, formatDate, formatShort } from '../../lib/format'
import { Card } from '../ui'

/** One figure by day, as bars with a table's worth of words for those who cannot see them. */
export function DayBars({
  name,
  days,
  bad = false,
}: {
  name: string
  days: readonly { day: string; value: number }[]
  bad?: boolean
}) {
  const most = Math.max(1, ...days.map((d) => d.value))
  const total = days.reduce((sum, d) => sum + d.value, 0)
  const width = 100 / Math.max(1, days.length)
  const label = `${name}: ${days
    .filter((d) => d.value > 0)
    .map((d) => t.admin.overview.perDay(dayName(d.day), formatCount(d.value)))
    .join('; ')}`
  return (
    <Card
      title={name}
      aside={<span className="num text-xs text-muted">{t.admin.overview.total(formatShort(total))}</span>}
    >
      <p className="num text-xl font-semibold">
        {formatShort(days.at(-1)?.value ?? 0)}{' '}
        <span className="text-xs font-normal text-muted">{t.admin.overview.today}</span>
      </p>
      <svg
        role="img"
        aria-label={label}
        viewBox="0 0 100 28"
        preserveAspectRatio="none"
        className="mt-1 h-14 w-full"
      >
        {days.map((d, i) => {
          const height = d.value === 0 ? 0.6 : Math.max(1, (d.value / most) * 27)
          return (
            <rect
              key={d.day}
              x={i * width + width * 0.1}
              width={width * 0.8}
              y={28 - height}
              height={height}
              className={cx(d.value === 0 ? 'fill-line-strong' : bad ? 'fill-negative-fill' : 'fill-accent')}
            >
              <title>{t.admin.overview.perDay(dayName(d.day), formatCount(d.value))}</title>
            </rect>
          )
        })}
      </svg>
      <p className="num flex justify-between text-xs text-faint">
        <span>{days[0] === undefined ? '' : dayName(days[0].day)}</span>
        <span className="text-right">0 – {formatShort(most)}</span>
      </p>
    </Card>
  )
}

/** A day of the server's calendar, which is in UTC. */
const dayName = (day: string): string => formatDate(new Date(`${day}T12:00:00`).getTime())
