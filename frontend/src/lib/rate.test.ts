import fc from 'fast-check'
import { expect, test } from 'vitest'
import { meanRate } from './rate'

test('an average is over the time that was read', () => {
  expect(meanRate(120, 60)).toBe(120)
  const gaps = [{ from: '2026-01-31T20:00:10Z', to: '2026-01-31T20:00:40Z' }]
  expect(meanRate(120, 60, { gaps })).toBe(240)
})

test('a session of seconds has no average above its peak', () => {
  // 50 messages in 5 seconds: the peak is of ten.
  expect(meanRate(50, 5, { peak: 300 })).toBe(300)
  fc.assert(
    fc.property(
      fc.nat(10_000),
      fc.double({ min: 0, max: 90_000, noNaN: true }),
      fc.nat(60_000),
      (n, s, peak) => {
        const mean = meanRate(n, s, { peak })
        expect(Number.isFinite(mean)).toBe(true)
        expect(mean).toBeLessThanOrEqual(peak > 0 ? peak : n * 60)
      },
    ),
  )
})
