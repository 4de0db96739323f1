import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useTheme } from '../../hooks/useTheme'
import { t } from '../../i18n'
import { formatClock, formatRate, formatScore } from '../../lib/format'
import { labels } from '../../live/protocol'
import type { Series } from '../../live/timeline'
import { LabelGlyph } from '../LabelGlyph'
import { readColors } from './colors'
import { columnsOf } from './columns'
import { drawMarks, drawSpans, type PlotEvents } from './layers'
import { plotOptions } from './options'

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
}: {
  series: Series
  events: PlotEvents
  /** Right edge, Unix seconds. */
  to: number
  height: number
}) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const latest = useRef({ series, events, to })
  const [pointed, setPointed] = useState<Pointed>()
  const { theme } = useTheme()

  useLayoutEffect(() => {
    latest.current = { series, events, to }
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
  }, [theme, height])

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
      {pointed !== undefined && <Tooltip series={series} pointed={pointed} />}
    </div>
  )
}

function Tooltip({ series, pointed }: { series: Series; pointed: Pointed }) {
  const x = series.x[pointed.index]
  if (x === undefined) return null
  const right = pointed.left > pointed.width / 2
  const unread = series.positive[pointed.index] === null
  return (
    <div
      className="num pointer-events-none absolute top-2 z-1 min-w-36 rounded-md border border-line bg-surface px-2.5 py-2 text-xs shadow-float"
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
    </div>
  )
}
