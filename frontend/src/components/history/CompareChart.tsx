import { useEffect, useLayoutEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useTheme } from '../../hooks/useTheme'
import { formatElapsed, formatRate, formatScore, formatShort } from '../../lib/format'
import { readColors, resolveTokens } from '../plot/colors'
import { ceiling } from '../plot/scale'
import { dashes, seriesTokens } from './series'

/** Seconds between times on the axis: no half ones, and what divides minutes and hours. */
const wholeTimes = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400]

/** One figure of several sessions over the time since their start. */
export function CompareChart({
  x,
  lines,
  kind,
  hidden,
  label,
  height = 220,
}: {
  x: readonly number[]
  lines: readonly (readonly (number | null)[])[]
  kind: 'mood' | 'rate'
  hidden: ReadonlySet<number>
  label: string
  height?: number
}) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const told = useRef<HTMLParagraphElement>(null)
  const { theme } = useTheme()
  const latest = useRef({ x, lines, hidden })
  useLayoutEffect(() => {
    latest.current = { x, lines, hidden }
  })
  const count = lines.length

  useEffect(() => {
    const element = box.current
    if (element === null) return
    const colors = readColors()
    const strokes = resolveTokens(seriesTokens)
    const axis = {
      stroke: colors.faint,
      font: "11px 'Inter Variable', system-ui, sans-serif",
      ticks: { show: false },
    }
    const format = (v: number | null | undefined) =>
      kind === 'mood' ? formatScore(v) : v == null ? '–' : formatRate(v)
    const u = new uPlot(
      {
        width: element.clientWidth,
        height,
        legend: { show: false },
        padding: [8, 24, 0, 0], // to the right, half of the last time
        cursor: { y: false, drag: { x: true, y: false }, points: { size: 6 } },
        scales: {
          x: { time: false },
          y: kind === 'mood' ? { range: [-1.04, 1.04] } : { range: (_u, _min, max) => [0, ceiling(max)] },
        },
        axes: [
          {
            ...axis,
            size: 26,
            space: 84,
            incrs: [...wholeTimes],
            grid: { stroke: colors.line, width: 1 },
            values: (_u, splits) => splits.map((s) => formatElapsed(s)),
          },
          {
            ...axis,
            size: 44,
            grid: { stroke: colors.line, width: 1 },
            values: (_u, splits) => splits.map((v) => (kind === 'mood' ? formatScore(v) : formatShort(v))),
          },
        ],
        series: [
          {},
          ...Array.from({ length: count }, (_, i) => ({
            stroke: strokes[i % strokes.length] ?? colors.text,
            width: 2,
            dash: [...(dashes[i % dashes.length] ?? [])],
            points: { show: false },
            show: !latest.current.hidden.has(i),
          })),
        ],
        hooks: {
          setCursor: [
            (plotted) => {
              if (told.current === null) return
              const { idx } = plotted.cursor
              told.current.textContent =
                idx == null
                  ? ''
                  : `${formatElapsed(latest.current.x[idx] ?? 0)}: ${latest.current.lines
                      .map((line, i) =>
                        latest.current.hidden.has(i) ? '' : `${i + 1} ${format(line[idx] ?? null)}`,
                      )
                      .filter((part) => part !== '')
                      .join('   ')}`
            },
          ],
        },
      },
      [[...latest.current.x], ...latest.current.lines.map((l) => [...l])] as uPlot.AlignedData,
      element,
    )
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
  }, [theme, height, kind, count])

  useEffect(() => {
    plot.current?.setData([[...x], ...lines.map((l) => [...l])] as uPlot.AlignedData)
  }, [x, lines])

  useEffect(() => {
    for (let i = 0; i < count; i++) plot.current?.setSeries(i + 1, { show: !hidden.has(i) })
  }, [hidden, count])

  return (
    <figure role="img" aria-label={label} className="relative">
      <div ref={box} aria-hidden style={{ height }} className="w-full overflow-hidden" />
      {/* Over the plot: nothing moves when it is pointed at. */}
      <p
        ref={told}
        aria-hidden
        className="num pointer-events-none absolute top-0 right-6 max-w-full rounded-md bg-surface/90 px-1.5 text-xs whitespace-pre-wrap text-muted empty:hidden"
      />
    </figure>
  )
}
