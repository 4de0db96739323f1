import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useTheme } from '../../hooks/useTheme'
import { t } from '../../i18n'
import { formatClock, formatRate, formatScore } from '../../lib/format'
import { labels, type ChatMessage } from '../../live/protocol'
import type { Series } from '../../live/timeline'
import { LabelGlyph } from '../LabelGlyph'
import { readColors } from './colors'
import { columnsOf } from './columns'
import { drawMarks, drawSpans, type PlotEvents } from './layers'
import { plotOptions } from './options'

export type MessagesIn = (from: number, to: number) => readonly ChatMessage[]

interface Pointed {
  index: number
  left: number
  width: number
}

/** Mood as a line above, messages a minute as stacked areas below, with what explains them. */
export function TimelinePlot({
  series,
  events,
  to,
  height,
  onSpan,
  messagesIn,
}: {
  series: Series
  events: PlotEvents
  /** Right edge, Unix seconds. */
  to: number
  height: number
  /** Called with a span (Unix seconds) that was marked by dragging. */
  onSpan?: ((from: number, to: number) => void) | undefined
  /** The messages of a time (Unix seconds), for the cell that is pointed at. */
  messagesIn?: MessagesIn | undefined
}) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const latest = useRef({ series, events, to, onSpan })
  const [pointed, setPointed] = useState<Pointed>()
  const { theme } = useTheme()
  const spans = onSpan !== undefined

  useLayoutEffect(() => {
    latest.current = { series, events, to, onSpan }
  })

  useEffect(() => {
    const element = box.current
    if (element === null) return
    const colors = readColors()
    const options = plotOptions({ width: element.clientWidth, height }, colors, {
      spans: (u) => {
        drawSpans(u, latest.current.events, colors, latest.current.to)
      },
      marks: (u) => {
        drawMarks(u, latest.current.events, colors)
      },
      cursor: (u) => {
        const { left } = u.cursor
        const s = latest.current.series
        const first = s.x[0]
        if (left === undefined || left < 0 || first === undefined) {
          setPointed(undefined)
          return
        }
        const index = Math.floor((u.posToVal(left, 'x') - first) / s.step)
        setPointed(
          index < 0 || index >= s.x.length
            ? undefined
            : { index, left: left + u.bbox.left / window.devicePixelRatio, width: u.width },
        )
      },
      ...(spans
        ? {
            select: (plotted) => {
              const { left, width } = plotted.select
              if (width <= 0) return
              latest.current.onSpan?.(plotted.posToVal(left, 'x'), plotted.posToVal(left + width, 'x'))
              plotted.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
            },
          }
        : {}),
    })
    const u = new uPlot(options, columnsOf(latest.current.series), element)
    plot.current = u
    const resize = new ResizeObserver(() => {
      if (element.clientWidth > 0) u.setSize({ width: element.clientWidth, height })
    })
    resize.observe(element)
    return () => {
      resize.disconnect()
      u.destroy()
      plot.current = undefined
    }
    // A new theme means new colours, which uPlot takes only when made.
  }, [theme, height, spans])

  useEffect(() => {
    plot.current?.batch((u: uPlot) => {
      u.setData(columnsOf(series), false)
      const from = series.x[0] ?? to - 60
      u.setScale('x', { min: from, max: Math.max(to, from + series.step) })
    })
  }, [series, events, to, theme])

  return (
    <div className="relative">
      <div ref={box} aria-hidden style={{ height }} className="w-full overflow-hidden" />
      {pointed !== undefined && <Tooltip series={series} pointed={pointed} messagesIn={messagesIn} />}
    </div>
  )
}

/** So many messages are shown of the cell that is pointed at. */
const mostQuoted = 5

function Tooltip({
  series,
  pointed,
  messagesIn,
}: {
  series: Series
  pointed: Pointed
  messagesIn: MessagesIn | undefined
}) {
  const x = series.x[pointed.index]
  if (x === undefined) return null
  const right = pointed.left > pointed.width / 2
  const unread = series.positive[pointed.index] === null
  const said = messagesIn?.(x, x + series.step) ?? []
  return (
    <div
      className="num pointer-events-none absolute top-2 z-1 max-w-72 min-w-36 rounded-md border border-line bg-surface px-2.5 py-2 text-xs shadow-float"
      style={right ? { right: pointed.width - pointed.left + 12 } : { left: pointed.left + 12 }}
    >
      <p className="text-muted">
        {formatClock(x * 1000)} – {formatClock((x + series.step) * 1000)}
      </p>
      {unread ? (
        <p className="mt-1">{t.plot.unread}</p>
      ) : (
        <dl className="mt-1 grid grid-cols-[1fr_auto] gap-x-4">
          <dt>{t.plot.mood}</dt>
          <dd className="text-right font-medium">{formatScore(series.mood[pointed.index])}</dd>
          {labels.map((l) => (
            <div key={l} className="contents">
              <dt className="flex items-center gap-1">
                <LabelGlyph label={l} />
                {t.label[l]}
              </dt>
              <dd className="text-right">{formatRate(series[l][pointed.index] ?? 0)}</dd>
            </div>
          ))}
          <dt className="text-muted">{t.plot.rateAxis}</dt>
          <dd className="text-right">{formatRate(series.total[pointed.index] ?? 0)}</dd>
        </dl>
      )}
      {said.length > 0 && (
        <ul className="mt-1.5 flex flex-col gap-0.5 border-t border-line pt-1.5">
          {said.slice(-mostQuoted).map((m) => (
            <li key={m.id} className="flex items-baseline gap-1.5">
              <LabelGlyph label={m.label} className="size-2 self-center" />
              <span className="min-w-0 truncate">
                <bdi className="text-muted">{m.name}</bdi> <bdi>{m.text}</bdi>
              </span>
            </li>
          ))}
          {said.length > mostQuoted && (
            <li className="text-faint">{t.plot.moreSaid(said.length - mostQuoted)}</li>
          )}
        </ul>
      )}
    </div>
  )
}
