import type uPlot from 'uplot'
import type { Gap, Mark, Moment } from '../../api/types'
import { t } from '../../i18n'
import { formatCount } from '../../lib/format'
import type { PlotColors } from './colors'

/** What is drawn around the data. */
export interface PlotEvents {
  gaps: readonly Gap[]
  marks: readonly Mark[]
  moments: readonly Moment[]
}

const seconds = (iso: string): number => Date.parse(iso) / 1000

/** Behind the data: hatched gaps and tinted moments. */
export function drawSpans(u: uPlot, events: PlotEvents, colors: PlotColors, now: number): void {
  const { ctx, bbox } = u
  const dpr = window.devicePixelRatio
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  ctx.font = font(dpr)
  ctx.textBaseline = 'top'
  for (const m of events.moments) {
    const [x, w] = span(u, seconds(m.from), m.to === undefined ? now : seconds(m.to))
    if (w <= 0) continue
    const color =
      m.kind === 'hype' ? colors.accent : m.kind === 'positive' ? colors.positive : colors.negative
    ctx.fillStyle = color
    ctx.globalAlpha = 0.1
    ctx.fillRect(x, bbox.top, w, bbox.height)
    ctx.globalAlpha = 1
    ctx.fillRect(x, bbox.top, w, 2 * dpr)
    label(ctx, t.plot.moment[m.kind], x, w, bbox.top + 5 * dpr, colors.faint, dpr)
  }
  for (const g of events.gaps) {
    const [x, w] = span(u, seconds(g.from), seconds(g.to))
    if (w <= 0) continue
    ctx.fillStyle = colors.surface
    ctx.fillRect(x, bbox.top, w, bbox.height)
    ctx.fillStyle = hatchPattern(ctx, colors.hatch, dpr)
    ctx.fillRect(x, bbox.top, w, bbox.height)
    label(ctx, t.plot.gap, x, w, bbox.top + bbox.height / 2, colors.faint, dpr)
  }
  ctx.restore()
}

/** More marks than this are only ticks at the top. */
const maxLines = 24

/** Over the data: raids and gifts as dashed lines, named where there is room. */
export function drawMarks(u: uPlot, events: PlotEvents, colors: PlotColors): void {
  const { ctx, bbox } = u
  const dpr = window.devicePixelRatio
  const right = bbox.left + bbox.width
  const seen = events.marks
    .map((mark) => ({ mark, x: Math.round(u.valToPos(seconds(mark.at), 'x', true)) }))
    .filter(({ x }) => x >= bbox.left && x <= right)
  const length = seen.length > maxLines ? 8 * dpr : bbox.height
  ctx.save()
  ctx.font = font(dpr)
  ctx.textBaseline = 'top'
  ctx.lineWidth = dpr
  // Where each line of names is free from.
  const free = [-Infinity, -Infinity, -Infinity]
  for (const { mark, x } of seen) {
    ctx.strokeStyle = colors.faint
    ctx.setLineDash([3 * dpr, 3 * dpr])
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + length)
    ctx.stroke()
    const text = `${t.moments.kinds[mark.kind]} ${formatCount(mark.count)}`
    const width = ctx.measureText(text).width
    const left = Math.min(x + 4 * dpr, right - width - 2 * dpr)
    const row = free.findIndex((f) => f <= left)
    if (row < 0) continue
    free[row] = left + width + 8 * dpr
    const top = bbox.top + (17 + row * 14) * dpr
    ctx.fillStyle = colors.surface
    ctx.globalAlpha = 0.8
    ctx.fillRect(left - 2 * dpr, top - dpr, width + 4 * dpr, 13 * dpr)
    ctx.globalAlpha = 1
    ctx.fillStyle = colors.text
    ctx.fillText(text, left, top)
  }
  ctx.restore()
}

const font = (dpr: number): string => `500 ${10.5 * dpr}px 'Inter Variable', system-ui, sans-serif`

function span(u: uPlot, from: number, to: number): [x: number, width: number] {
  const { left, width } = u.bbox
  const a = Math.max(left, u.valToPos(from, 'x', true))
  const b = Math.min(left + width, u.valToPos(to, 'x', true))
  return [a, b - a > 0 ? Math.max(b - a, 2) : 0]
}

/** Writes a name in the middle of a span, where it fits. */
function label(
  ctx: CanvasRenderingContext2D,
  text: string,
  x: number,
  width: number,
  top: number,
  color: string,
  dpr: number,
): void {
  const w = ctx.measureText(text).width
  if (w + 6 * dpr > width) return
  ctx.fillStyle = color
  ctx.fillText(text, x + (width - w) / 2, top)
}

let hatchCache: { key: string; pattern: CanvasPattern } | undefined

function hatchPattern(ctx: CanvasRenderingContext2D, color: string, dpr: number): CanvasPattern | string {
  const key = `${color} ${dpr}`
  if (hatchCache?.key === key) return hatchCache.pattern
  const size = Math.round(8 * dpr)
  const tile = document.createElement('canvas')
  tile.width = tile.height = size
  const c = tile.getContext('2d')
  if (c === null) return color
  c.strokeStyle = color
  c.lineWidth = 1.5 * dpr
  c.beginPath()
  for (const shift of [-size, 0, size]) {
    c.moveTo(shift - 1, size + 1)
    c.lineTo(shift + size + 1, -1)
  }
  c.stroke()
  const pattern = ctx.createPattern(tile, 'repeat')
  if (pattern === null) return color
  hatchCache = { key, pattern }
  return pattern
}
