import type { Bucket, Gap, Timeline } from '../api/types'
import { list } from '../lib/list'

/** What one point of the plot needs. Times are Unix seconds; undefined means nothing to draw. */
export interface Series {
  /** Length of a cell in seconds. */
  step: number
  /** Start of each cell. */
  x: number[]
  /** Smoothed mean score at the end of the cell; null where nobody wrote for long or nothing was read. */
  mood: (number | null)[]
  /** Messages a minute by label; null within a gap. */
  positive: (number | null)[]
  neutral: (number | null)[]
  negative: (number | null)[]
  /** Messages a minute of all labels. */
  total: (number | null)[]
}

/** A timeline at an instant, for React: the model changes in place, its view is new each time. */
export interface TimelineView {
  readonly model: TimelineModel
}

/** Breaks that are kept while they cannot be filled: beyond that the oldest are drawn as if nobody wrote. */
const maxHoles = 200

/**
 * The course of a session as the page holds it: seconds for the last ten
 * minutes, tens of seconds for the last hours, minutes for the rest, as the
 * server keeps it. Bounded: about 600 + 2,160 + 3,000 buckets.
 */
export class TimelineModel {
  private fine = new Map<number, Bucket>()
  private middle = new Map<number, Bucket>()
  private coarse = new Map<number, Bucket>()
  /** Seconds at and after fineFrom are in fine, before that in middle, before middleFrom in coarse. */
  private fineFrom = 0
  private middleFrom = 0
  private newest = 0
  /** Up to when the course is known; later cells are not drawn, however empty they are. */
  private knownUntil = 0
  /** Spans that this page has not been told of yet. */
  private holes: (readonly [from: number, to: number])[] = []

  /** Replaces everything by what the server sent. */
  load(timeline: Timeline): void {
    this.fine.clear()
    this.middle.clear()
    this.coarse.clear()
    this.newest = 0
    this.holes = []
    const step = timeline.step_seconds
    const to = Date.parse(timeline.to) / 1000
    this.knownUntil = to
    // A bucket that was begun when the server answered cannot be completed by
    // seconds that came later; those are shown from the next bucket on.
    const boundary = step > 1 ? Math.ceil(to / step) * step : 0
    this.fineFrom = boundary
    this.middleFrom = step > 10 ? boundary : 0
    const tier = step <= 1 ? this.fine : step <= 10 ? this.middle : this.coarse
    for (const b of list(timeline.buckets)) {
      tier.set(b.t, b)
      this.newest = Math.max(this.newest, b.t)
    }
    this.compact()
  }

  /**
   * Puts a timeline of single seconds in place of coarser buckets for the
   * time that it covers, from the first whole minute in it.
   */
  refine(timeline: Timeline): void {
    if (timeline.step_seconds !== 1) return
    const from = Math.ceil(Date.parse(timeline.from) / 60_000) * 60
    if (from >= this.fineFrom) return
    for (const tier of [this.middle, this.coarse]) {
      for (const t of tier.keys()) if (t >= from) tier.delete(t)
    }
    for (const b of list(timeline.buckets)) {
      // What arrived live since is newer.
      if (b.t >= from && !this.fine.has(b.t)) this.fine.set(b.t, b)
      this.newest = Math.max(this.newest, b.t)
    }
    this.fineFrom = from
    this.middleFrom = Math.min(this.middleFrom, from)
  }

  /** Whether the last minutes are known by the second; if not, [refine] would help. */
  get isFine(): boolean {
    return this.fineFrom <= Math.max(0, this.newest - fineSpan / 2)
  }

  /** Takes the seconds of a stats frame; they replace those with the same start. */
  apply(buckets: readonly Bucket[]): void {
    for (const b of buckets) {
      this.fine.set(b.t, b)
      this.newest = Math.max(this.newest, b.t)
      this.seen(b.t + 1)
    }
    if (this.newest - this.fineFrom > fineSpan + 60 && this.fine.size > fineSpan / 2) this.compact()
  }

  /** Notes that the server told of everything up to `time` (Unix seconds). */
  seen(time: number): void {
    this.knownUntil = Math.max(this.knownUntil, time)
  }

  /**
   * Notes that the link was broken and works again from `time` on. What lies
   * between is unknown until [fill]. Returns from when; undefined when the
   * break was too short to matter.
   */
  resume(time: number): number | undefined {
    const from = this.knownUntil
    this.seen(time)
    // Stats frames repeat the last three seconds.
    if (time - from <= slack) return undefined
    this.holes.push([from, time])
    if (this.holes.length > maxHoles) this.holes.shift()
    return from
  }

  /** Takes the seconds of a break that began at `from`, as [resume] returned it. */
  fill(from: number, timeline: Timeline): void {
    for (const b of list(timeline.buckets))
      if (b.t >= from - slack && !this.fine.has(b.t)) this.fine.set(b.t, b)
    this.apply([])
    this.holes = this.holes.filter(([start]) => start !== from)
  }

  /** How many buckets and breaks are held. */
  get size(): number {
    return this.fine.size + this.middle.size + this.coarse.size + this.holes.length
  }

  /** Start of the first bucket, Unix seconds; undefined while there is none. */
  get first(): number | undefined {
    let first: number | undefined
    for (const [tier, from] of [
      [this.coarse, 0],
      [this.middle, 0],
      [this.fine, this.fineFrom],
    ] as const) {
      for (const t of tier.keys()) if (t >= from && (first === undefined || t < first)) first = t
    }
    return first
  }

  /** Cells of at least `step` seconds from `from` to `to` (Unix seconds). */
  series(from: number, to: number, step: number, gaps: readonly Gap[]): Series {
    const cell = Math.max(step, from < this.middleFrom ? 60 : from < this.fineFrom ? 10 : 1)
    const start = Math.floor(from / cell) * cell
    // A wide cell that is not over yet is drawn once a quarter of it is.
    const rest = (to - start) % cell
    const partial = cell > 10 && rest >= cell / 4
    const n = Math.max(0, Math.floor((to - start) / cell) + (partial ? 1 : 0))
    // Smoothing begins earlier, so that the first point is as well founded as the last.
    const warm = Math.ceil(240 / cell)
    const pos = new Float64Array(n + warm)
    const neu = new Float64Array(n + warm)
    const neg = new Float64Array(n + warm)
    const voices = new Float64Array(n + warm)
    const sum = new Float64Array(n + warm)
    const add = (b: Bucket) => {
      const i = Math.floor((b.t - start) / cell) + warm
      if (i < 0 || i >= n + warm) return
      pos[i] = (pos[i] ?? 0) + b.pos
      neu[i] = (neu[i] ?? 0) + b.neu
      neg[i] = (neg[i] ?? 0) + b.neg
      voices[i] = (voices[i] ?? 0) + b.w
      sum[i] = (sum[i] ?? 0) + b.wsum
    }
    this.coarse.forEach(add)
    this.middle.forEach(add)
    for (const b of this.fine.values()) if (b.t >= this.fineFrom) add(b)

    const spans = [
      ...gaps.map((g) => [Date.parse(g.from) / 1000, Date.parse(g.to) / 1000] as const),
      ...this.holes,
      [this.knownUntil + slack, Infinity] as const,
    ]
    const out: Series = { step: cell, x: [], mood: [], positive: [], neutral: [], negative: [], total: [] }
    const decay = 0.5 ** (cell / Math.max(halfLife, cell))
    let weight = 0
    let mass = 0
    for (let i = 0; i < n + warm; i++) {
      const [p = 0, u = 0, g = 0] = [pos[i], neu[i], neg[i]]
      const count = p + u + g
      weight = weight * decay + (voices[i] ?? 0)
      mass = mass * decay + (sum[i] ?? 0)
      if (i < warm) continue
      const x = start + (i - warm) * cell
      const perMinute = 60 / (partial && i === n + warm - 1 ? rest : cell)
      const end = Math.min(x + cell, to)
      const unread = count === 0 && spans.some(([a, b]) => a < end && b > x)
      out.x.push(x)
      out.mood.push(unread || weight < 0.02 ? null : Math.max(-1, Math.min(1, mass / weight)))
      out.positive.push(unread ? null : p * perMinute)
      out.neutral.push(unread ? null : u * perMinute)
      out.negative.push(unread ? null : g * perMinute)
      out.total.push(unread ? null : count * perMinute)
    }
    return out
  }

  private compact(): void {
    const fineFrom = Math.floor((this.newest - fineSpan) / 60) * 60
    if (fineFrom > this.fineFrom) {
      move(this.fine, this.middle, this.fineFrom, fineFrom, 10)
      this.fineFrom = fineFrom
    }
    const middleFrom = Math.floor((this.newest - middleSpan) / 60) * 60
    if (middleFrom > this.middleFrom) {
      move(this.middle, this.coarse, this.middleFrom, middleFrom, 60)
      this.middleFrom = middleFrom
    }
    if (this.coarse.size > maxCoarse) {
      const oldest = [...this.coarse.keys()].sort((a, b) => a - b)
      for (const t of oldest.slice(0, oldest.length - maxCoarse)) this.coarse.delete(t)
    }
  }
}

/** Half-life of the mood line in seconds, as the server's `mood.now`. */
const halfLife = 30
/** Seconds by which what the server tells may lie behind. */
const slack = 3
/** How many seconds are kept one by one, and by tens. */
export const fineSpan = 600
const middleSpan = 6 * 3600
const maxCoarse = 3000

/** Moves the buckets before `until` into wider ones; those before `from` are not counted, only dropped. */
function move(
  source: Map<number, Bucket>,
  target: Map<number, Bucket>,
  from: number,
  until: number,
  step: number,
): void {
  for (const [t, b] of source) {
    if (t >= until) continue
    source.delete(t)
    if (t < from) continue
    const at = Math.floor(t / step) * step
    const into = target.get(at)
    target.set(
      at,
      into === undefined
        ? { ...b, t: at }
        : {
            t: at,
            pos: into.pos + b.pos,
            neu: into.neu + b.neu,
            neg: into.neg + b.neg,
            sum: into.sum + b.sum,
            w: into.w + b.w,
            wsum: into.wsum + b.wsum,
          },
    )
  }
}
