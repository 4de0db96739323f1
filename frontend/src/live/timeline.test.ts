import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bucket, Timeline } from '../api/types'
import { TimelineModel, type Series } from './timeline'

const start = 1_700_000_040 // a whole minute

const bucket = (t: number, pos = 1, neu = 0, neg = 0): Bucket => {
  const w = pos + neu + neg
  return { t, pos, neu, neg, sum: pos - neg, w, wsum: pos - neg }
}

const iso = (t: number): string => new Date(t * 1000).toISOString()

const timeline = (step: number, from: number, to: number, buckets: Bucket[]): Timeline => ({
  step_seconds: step,
  from: iso(from),
  to: iso(to),
  buckets,
  gaps: [],
  marks: [],
  moments: [],
})

/** Messages in all cells. */
const total = (s: Series): number =>
  Math.round(s.total.reduce<number>((sum, rate) => sum + (rate ?? 0) * (s.step / 60), 0))

describe('TimelineModel', () => {
  test('draws seconds as cells of the asked length', () => {
    const model = new TimelineModel()
    model.load(
      timeline(1, start, start + 10, [bucket(start, 2, 0, 1), bucket(start + 4, 0, 1), bucket(start + 5, 3)]),
    )
    const s = model.series(start, start + 10, 5, [])
    expect(s.x).toEqual([start, start + 5])
    expect(s.total).toEqual([48, 36])
    expect(s.positive).toEqual([24, 36]) // per minute
    expect(s.negative).toEqual([12, 0])
  })

  test('a stats frame replaces seconds instead of adding to them', () => {
    const model = new TimelineModel()
    model.load(timeline(1, start, start + 2, [bucket(start, 1), bucket(start + 1, 1)]))
    model.apply([bucket(start + 1, 5), bucket(start + 2, 2)])
    model.apply([bucket(start + 1, 5), bucket(start + 2, 3)])
    expect(total(model.series(start, start + 5, 5, []))).toBe(1 + 5 + 3)
  })

  test('moves old seconds into wider buckets without losing or doubling a message, in bounded memory', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 2000, maxLength: 6000 }),
        (counts) => {
          const model = new TimelineModel()
          model.load(timeline(1, start, start, []))
          counts.forEach((n, i) => {
            if (n > 0) model.apply([bucket(start + i, n)])
          })
          const s = model.series(start, start + counts.length + 60, 60, [])
          expect(total(s)).toBe(counts.reduce((a, b) => a + b, 0))
          expect(model.size).toBeLessThan(800 + counts.length / 10)
        },
      ),
      { numRuns: 20 },
    )
  })

  test('stays bounded over days', () => {
    const model = new TimelineModel()
    model.load(
      timeline(
        60,
        start,
        start + 4 * 86_400,
        range(0, 4 * 1440).map((i) => bucket(start + i * 60)),
      ),
    )
    expect(model.size).toBeLessThanOrEqual(3000)
  })

  test('seconds that follow a coarse timeline are not counted twice', () => {
    const model = new TimelineModel()
    // The bucket of 20…30 was begun when the server answered at 25: it holds
    // what the live seconds up to there hold, too.
    model.load(timeline(10, start, start + 25, [bucket(start, 3), bucket(start + 20, 4)]))
    model.apply([bucket(start + 24, 4), bucket(start + 25, 1), bucket(start + 31, 2)])
    expect(total(model.series(start, start + 40, 10, []))).toBe(3 + 4 + 2)
  })

  test('a refinement puts seconds in place of coarse buckets', () => {
    const model = new TimelineModel()
    model.load(
      timeline(
        60,
        start,
        start + 600,
        range(0, 10).map((i) => bucket(start + i * 60, 60)),
      ),
    )
    expect(model.isFine).toBe(false)
    model.apply([bucket(start + 599, 7)])
    model.refine(
      timeline(
        1,
        start + 290,
        start + 600,
        range(290, 600).map((i) => bucket(start + i, 1)),
      ),
    )
    // From the first whole minute on; what came live meanwhile is newer.
    expect(model.series(start + 300, start + 600, 1, []).step).toBe(1)
    expect(total(model.series(start, start + 600, 60, []))).toBe(5 * 60 + 299 + 7)
    expect(model.series(start, start + 600, 1, []).step).toBe(60)
  })

  test('time that was not read is a hole, time in which nobody wrote is not', () => {
    const model = new TimelineModel()
    model.load(timeline(1, start, start + 60, [bucket(start, 5), bucket(start + 55, 0, 0, 5)]))
    const gap = { from: iso(start + 20), to: iso(start + 40), reason: 'connection_lost' }
    const s = model.series(start, start + 60, 10, [gap])
    expect(s.positive).toEqual([30, 0, null, null, 0, 0])
    expect(s.mood.map((m) => m === null)).toEqual([false, false, true, true, false, false])
  })

  test('the mood is the mean of what counts for it, smoothed', () => {
    const model = new TimelineModel()
    model.load(
      timeline(1, start, start + 60, [
        { ...bucket(start, 4), w: 1, wsum: 1 },
        { ...bucket(start + 30, 0, 0, 4), w: 1, wsum: -1 },
      ]),
    )
    const { mood } = model.series(start, start + 60, 30, [])
    expect(mood[0]).toBeCloseTo(1)
    expect(mood[1]).toBeCloseTo((0.5 - 1) / 1.5)
  })

  test('after a long silence there is no mood', () => {
    const model = new TimelineModel()
    model.load(timeline(1, start, start + 600, [bucket(start, 1)]))
    const { mood } = model.series(start, start + 600, 60, [])
    expect(mood[0]).toBeCloseTo(1)
    expect(mood.at(-1)).toBeNull()
  })

  test('after a break the time between is a hole until it is filled', () => {
    const model = new TimelineModel()
    model.load(timeline(1, start, start + 10, [bucket(start + 9, 6)]))
    expect(model.resume(start + 12)).toBeUndefined()
    expect(model.resume(start + 40)).toBe(start + 12)
    model.apply([bucket(start + 41, 6)])
    const holes = () => model.series(start, start + 50, 10, []).positive.map((v) => v === null)
    expect(holes()).toEqual([false, true, true, true, false])
    model.fill(
      start + 12,
      timeline(1, start + 7, start + 41, [
        bucket(start + 9, 6),
        bucket(start + 25, 3),
        bucket(start + 41, 1),
      ]),
    )
    expect(holes()).toEqual([false, false, false, false, false])
    expect(total(model.series(start, start + 50, 10, []))).toBe(6 + 3 + 6)
  })

  test('what the server has not told of yet is not drawn as silence', () => {
    const model = new TimelineModel()
    model.load(timeline(1, start, start + 20, [bucket(start, 6)]))
    expect(model.series(start, start + 50, 10, []).positive).toEqual([36, 0, null, null, null])
    model.seen(start + 50)
    expect(model.series(start, start + 50, 10, []).positive).toEqual([36, 0, 0, 0, 0])
  })

  test('the last minute of a long session is drawn before it is over', () => {
    const model = new TimelineModel()
    model.load(timeline(1, start, start + 90, [bucket(start + 10, 60), bucket(start + 65, 10)]))
    expect(model.series(start, start + 70, 60, []).positive).toEqual([60]) // too early to say
    expect(model.series(start, start + 90, 60, []).positive).toEqual([60, 20])
  })

  test('knows its first bucket', () => {
    const model = new TimelineModel()
    expect(model.first).toBeUndefined()
    model.apply([bucket(start + 3), bucket(start + 1)])
    expect(model.first).toBe(start + 1)
  })
})

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)
