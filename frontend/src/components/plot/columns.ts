import type uPlot from 'uplot'
import type { Series } from '../../live/timeline'

type Column = (number | null)[]

/**
 * The series as uPlot takes it: x, then the rates stacked from below (all,
 * neutral and negative, negative), then the mood.
 *
 * A rate holds from the start of its cell to the end; where a cell is followed
 * by one that was not read, a point at its end closes it. The mood of a cell
 * is the mood at its end.
 */
export function columnsOf(s: Series): uPlot.AlignedData {
  const x: number[] = []
  const all: Column = []
  const lower: Column = []
  const lowest: Column = []
  const mood: Column = []
  const put = (at: number, cell: number | undefined, moodAt: number | null | undefined) => {
    x.push(at)
    const [p, u, n] = cell === undefined ? [] : [s.positive[cell], s.neutral[cell], s.negative[cell]]
    const unread = p == null || u == null || n == null
    all.push(unread ? null : p + u + n)
    lower.push(unread ? null : u + n)
    lowest.push(unread ? null : n)
    mood.push(moodAt ?? null)
  }
  s.x.forEach((start, i) => {
    const closes = s.total[i - 1] != null && s.total[i] == null
    if (closes) put(start, i - 1, s.mood[i - 1])
    put(closes ? start + s.step / 1000 : start, i, closes ? null : s.mood[i - 1])
  })
  const last = s.x.length - 1
  if (last >= 0) put((s.x[last] ?? 0) + s.step, last, s.mood[last])
  return [x, all, lower, lowest, mood]
}
