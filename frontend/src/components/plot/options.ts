import uPlot from 'uplot'
import { formatClock, formatClockShort, formatShort } from '../../lib/format'
import type { PlotColors } from './colors'
import { ceiling } from './scale'

// One plot, two bands: mood above on its fixed scale −1…1, rate below.
const moodShare = 0.58
const rateShare = 0.34
const moodFloor = 1 - 2 / moodShare

export interface PlotSize {
  width: number
  height: number
}

export function plotOptions(
  size: PlotSize,
  colors: PlotColors,
  hooks: {
    spans: (u: uPlot) => void
    marks: (u: uPlot) => void
    cursor: (u: uPlot) => void
    select?: (u: uPlot) => void
  },
): uPlot.Options {
  const stepped = uPlot.paths.stepped?.({ align: 1 })
  const area = (color: string): uPlot.Series => ({
    scale: 'rate',
    fill: color,
    width: 0,
    points: { show: false },
    ...(stepped === undefined ? {} : { paths: stepped }),
  })
  const font = "11px 'Inter Variable', system-ui, sans-serif"
  return {
    ...size,
    padding: [6, 0, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: false },
      // Dragging marks a span; what becomes of it is the caller's.
      drag: { x: hooks.select !== undefined, y: false, setScale: false, dist: 6 },
    },
    scales: {
      x: { time: true },
      mood: { range: [moodFloor, 1.04] },
      rate: { range: (_u, _min, max) => [0, ceiling(max) / rateShare] },
    },
    axes: [
      {
        stroke: colors.faint,
        font,
        size: 26,
        gap: 4,
        space: 84,
        grid: { stroke: colors.line, width: 1 },
        ticks: { show: false },
        values: (u, splits) => {
          const { min, max } = u.scales.x ?? {}
          const short = min != null && max != null && max - min > 900
          return splits.map((s) => (short ? formatClockShort : formatClock)(s * 1000))
        },
      },
      {
        scale: 'mood',
        stroke: colors.faint,
        font,
        size: 40,
        gap: 6,
        splits: () => [-1, -0.5, 0, 0.5, 1],
        values: (_u, splits) => splits.map((v) => (v === 0 ? '0' : v === 1 ? '+1' : v === -1 ? '−1' : '')),
        grid: { stroke: colors.line, width: 1 },
        ticks: { show: false },
      },
      {
        scale: 'rate',
        // 1 is the right side; uPlot's const enum is not there at run time.
        // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
        side: 1,
        stroke: colors.faint,
        font,
        size: 42,
        gap: 6,
        splits: (u) => {
          const top = (u.scales.rate?.max ?? 0) * rateShare
          return top > 0 ? [0, top / 2, top] : [0]
        },
        values: (_u, splits) => splits.map((v) => formatShort(v)),
        grid: { show: false },
        ticks: { show: false },
      },
    ],
    series: [
      {},
      area(colors.positive),
      area(colors.neutral),
      area(colors.negative),
      {
        scale: 'mood',
        stroke: colors.mood,
        width: 1.75,
        fillTo: 0,
        fill: (u) => aroundZero(u, colors),
        points: { show: false },
      },
    ],
    hooks: {
      drawClear: [hooks.spans],
      draw: [zeroLine(colors), hooks.marks],
      setCursor: [hooks.cursor],
      ...(hooks.select === undefined ? {} : { setSelect: [hooks.select] }),
    },
  }
}

/** Blue above zero, orange below, stronger with the distance. */
function aroundZero(u: uPlot, colors: PlotColors): CanvasGradient | string {
  const top = u.valToPos(1, 'mood', true)
  const bottom = u.valToPos(-1, 'mood', true)
  if (!Number.isFinite(top) || !Number.isFinite(bottom)) return 'transparent'
  const gradient = u.ctx.createLinearGradient(0, top, 0, bottom)
  gradient.addColorStop(0, faded(colors.positive, 0.6))
  gradient.addColorStop(0.499, faded(colors.positive, 0.2))
  gradient.addColorStop(0.501, faded(colors.negative, 0.2))
  gradient.addColorStop(1, faded(colors.negative, 0.6))
  return gradient
}

/** A computed colour, `rgb(r, g, b)`, with another opacity. */
const faded = (color: string, alpha: number): string => color.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`)

function zeroLine(colors: PlotColors): (u: uPlot) => void {
  return (u) => {
    const { ctx, bbox } = u
    const y = Math.round(u.valToPos(0, 'mood', true)) + 0.5
    ctx.save()
    ctx.strokeStyle = colors.strong
    ctx.lineWidth = window.devicePixelRatio
    ctx.globalCompositeOperation = 'destination-over'
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width, y)
    ctx.stroke()
    ctx.restore()
  }
}
