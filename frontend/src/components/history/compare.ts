import type { Report } from '../../api/types'
import { list } from '../../lib/list'
import { TimelineModel } from '../../live/timeline'

/** Lines of several sessions over the time since each one's start. */
export interface Lines {
  /** Seconds since the start. */
  x: number[]
  /** One for each session, in their order. */
  mood: (number | null)[][]
  /** Messages a minute. */
  rate: (number | null)[][]
}

const steps = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600]
/** About so many points are drawn at most. */
const points = 240

/** Puts sessions on one time axis: all begin at zero. */
export function alignedLines(reports: readonly Report[]): Lines {
  const spans = reports.map(({ snapshot: s }) => ({
    from: Math.floor(Date.parse(s.started_at) / 1000),
    to: Math.ceil(Date.parse(s.ended_at ?? s.at) / 1000),
  }))
  const longest = Math.max(0, ...spans.map((s) => s.to - s.from))
  const kept = Math.max(1, ...reports.map((r) => r.timeline.step_seconds))
  const step = steps.find((s) => s >= kept && longest / s <= points) ?? 3600
  const all = reports.map((report, i) => {
    const model = new TimelineModel()
    model.load(report.timeline)
    const { from, to } = spans[i] ?? { from: 0, to: 0 }
    return model.series(from, to, step, list(report.snapshot.gaps))
  })
  const length = Math.max(0, ...all.map((s) => s.x.length))
  const fill = (values: readonly (number | null)[]) => Array.from({ length }, (_, i) => values[i] ?? null)
  return {
    x: Array.from({ length }, (_, i) => i * step),
    mood: all.map((s) => fill(s.mood)),
    rate: all.map((s) => fill(s.total)),
  }
}
