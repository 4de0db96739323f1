import { Table2, ZoomOut } from 'lucide-react'
import { useMemo, useState } from 'react'
import { t } from '../../i18n'
import { formatClock, formatRate, formatScore } from '../../lib/format'
import { cx } from '../../lib/cx'
import { labels } from '../../live/protocol'
import type { Series, TimelineView } from '../../live/timeline'
import { LabelGlyph } from '../LabelGlyph'
import { Card, Segmented } from '../ui'
import type { PlotEvents } from './layers'
import { ranges, type Range } from './range'
import { TimelinePlot, type MessagesIn } from './TimelinePlot'

const rangeSeconds: Record<Range, number> = { '5': 300, '30': 1800, all: Infinity }
/** About so many cells are drawn at most. */
const cells = 150
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600]
const tableRows = 60
/** Seconds. */
const shortestZoom = 5

/** The course of a session, with a choice of the time shown and a table that says the same. */
export function TimelineCard({
  timeline,
  events,
  startedAt,
  to,
  range,
  onRange,
  height,
  minSpan = 60,
  messagesIn,
  className,
}: {
  timeline: TimelineView
  events: PlotEvents
  /** Unix seconds. */
  startedAt: number
  to: number
  range: Range
  onRange?: (range: Range) => void
  height: number
  /** Shortest time shown, seconds. */
  minSpan?: number
  messagesIn?: MessagesIn
  className?: string
}) {
  const [asTable, setAsTable] = useState(false)
  const [zoom, setZoom] = useState<readonly [from: number, to: number]>()
  const end = zoom?.[1] ?? to
  const from = zoom?.[0] ?? Math.min(Math.max(startedAt, to - rangeSeconds[range]), to - minSpan)
  const step = steps.find((s) => (end - from) / s <= cells) ?? 3600
  const series = useMemo(
    () => timeline.model.series(from, end, step, events.gaps),
    [timeline, from, end, step, events.gaps],
  )
  return (
    <Card
      title={t.plot.title}
      {...(className === undefined ? {} : { className })}
      aside={
        <div className="flex flex-wrap items-center gap-2">
          <Legend />
          {zoom !== undefined && (
            <button
              type="button"
              onClick={() => {
                setZoom(undefined)
              }}
              className="inline-flex min-h-7 items-center gap-1 rounded-md bg-accent-soft px-1.5 text-xs text-accent hover:underline"
            >
              <ZoomOut aria-hidden className="size-3.5" />
              {t.plot.zoomOut}
            </button>
          )}
          <button
            type="button"
            aria-pressed={asTable}
            onClick={() => {
              setAsTable(!asTable)
            }}
            className="inline-flex min-h-7 items-center gap-1 rounded-md px-1.5 text-xs text-muted hover:bg-hover hover:text-text aria-pressed:bg-accent-soft aria-pressed:text-accent"
          >
            <Table2 aria-hidden className="size-3.5" />
            {t.plot.table}
          </button>
          {onRange !== undefined && (
            <Segmented
              label={t.plot.range}
              value={range}
              options={ranges.map((r) => ({ value: r, label: t.plot.ranges[r] }))}
              onChange={(next) => {
                setZoom(undefined)
                onRange(next)
              }}
            />
          )}
        </div>
      }
    >
      {asTable ? (
        <TimelineTable series={series} height={height} />
      ) : (
        <figure role="img" aria-label={summary(series, from, end)}>
          <TimelinePlot
            series={series}
            events={events}
            to={end}
            height={height}
            onSpan={(a, b) => {
              // Within what there is, and not so short that nothing is in it.
              const begin = Math.max(startedAt, Math.floor(a))
              const stop = Math.min(to, Math.ceil(b))
              if (stop - begin >= shortestZoom) setZoom([begin, stop])
            }}
            messagesIn={messagesIn}
          />
        </figure>
      )}
    </Card>
  )
}

function Legend() {
  return (
    <ul className="flex flex-wrap items-center gap-x-2.5 text-xs text-muted max-sm:hidden">
      <li className="flex items-center gap-1">
        <span aria-hidden className="h-0.5 w-3.5 rounded-full bg-text" />
        {t.plot.mood}
      </li>
      {labels.map((l) => (
        <li key={l} className="flex items-center gap-1">
          <LabelGlyph label={l} className="size-2" />
          {t.label[l]}
        </li>
      ))}
      <li className="flex items-center gap-1">
        <span aria-hidden className="hatch h-2.5 w-3.5 rounded-[2px] border border-line" />
        {t.plot.gap}
      </li>
    </ul>
  )
}

function summary(s: Series, from: number, to: number): string {
  const moods = s.mood.filter((m) => m !== null)
  if (moods.length === 0) return t.plot.empty
  return t.plot.text({
    from: formatClock(from * 1000),
    to: formatClock(to * 1000),
    mood: formatScore(moods.at(-1)),
    low: formatScore(Math.min(...moods)),
    high: formatScore(Math.max(...moods)),
    peak: formatRate(Math.max(0, ...s.total.map((v) => v ?? 0))),
  })
}

function TimelineTable({ series, height }: { series: Series; height: number }) {
  const rows = series.x
    .map((_, i) => i)
    .slice(-tableRows)
    .reverse()
  return (
    <div tabIndex={0} role="region" aria-label={t.plot.caption} style={{ height }} className="overflow-auto">
      <table className="num w-full text-right">
        <caption className="sr-only">{t.plot.caption}</caption>
        <thead className="sticky top-0 bg-surface text-xs text-muted *:*:py-1 *:*:pl-3 *:*:font-medium">
          <tr>
            <th scope="col" className="text-left">
              {t.plot.time}
            </th>
            <th scope="col">{t.plot.mood}</th>
            {labels.map((l) => (
              <th key={l} scope="col" title={t.plot.perMinute}>
                {t.label[l]}
              </th>
            ))}
            <th scope="col">{t.plot.rateAxis}</th>
          </tr>
        </thead>
        <tbody className="*:border-t *:border-line *:*:py-0.5 *:*:pl-3">
          {rows.map((i) => {
            const unread = series.positive[i] === null
            return (
              <tr key={series.x[i]} className={cx(unread && 'hatch')}>
                <th scope="row" className="text-left font-normal text-muted">
                  {formatClock((series.x[i] ?? 0) * 1000)}
                </th>
                {unread ? (
                  <td colSpan={5} className="text-center text-muted">
                    {t.plot.unread}
                  </td>
                ) : (
                  <>
                    <td>{formatScore(series.mood[i])}</td>
                    {labels.map((l) => (
                      <td key={l}>{formatRate(series[l][i] ?? 0)}</td>
                    ))}
                    <td>{formatRate(series.total[i] ?? 0)}</td>
                  </>
                )}
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}
