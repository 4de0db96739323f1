import { describe, expect, test } from 'vitest'
import {
  formatDuration,
  formatElapsed,
  formatRate,
  formatScore,
  formatShare,
  formatShort,
  isoDuration,
} from './format'

describe('formatScore', () => {
  test.each([
    [0.421, '+0.42'],
    [-0.421, '−0.42'],
    [0, '0.00'],
    [0.004, '0.00'],
    [-0.004, '0.00'],
    [1, '+1.00'],
    [null, '–'],
    [undefined, '–'],
    [Number.NaN, '–'],
  ])('%s as %s', (v, want) => {
    expect(formatScore(v)).toBe(want)
  })
})

describe('formatElapsed', () => {
  test.each([
    [0, '0:00'],
    [-5, '0:00'],
    [59.9, '0:59'],
    [61, '1:01'],
    [3599, '59:59'],
    [3600, '1:00:00'],
    [36_061, '10:01:01'],
  ])('%s seconds as %s', (s, want) => {
    expect(formatElapsed(s)).toBe(want)
  })
})

describe('formatDuration', () => {
  test.each([
    [0, '0 s'],
    [59, '59 s'],
    [60, '1 min'],
    [62, '1 min 2 s'],
    [599, '9 min 59 s'],
    [1530, '26 min'],
    [3600, '1 h'],
    [11_400, '3 h 10 min'],
    [7199, '2 h'],
  ])('%s seconds as %s', (s, want) => {
    expect(formatDuration(s)).toBe(want)
  })
})

test('shares of nothing are no number', () => {
  expect(formatShare(0, 0)).toBe('–')
  expect(formatShare(1, 3)).toBe('33%')
})

test('rates have a decimal only below ten', () => {
  expect(formatRate(0)).toBe('0')
  expect(formatRate(6.66)).toBe('6.7')
  expect(formatRate(66.6)).toBe('67')
})

test('big numbers are cut short from ten thousand on', () => {
  expect(formatShort(9999)).toBe('9,999')
  expect(formatShort(12_345)).toBe('12.3K')
})

test('machines read a duration, too', () => {
  expect(isoDuration(3723.9)).toBe('PT3723S')
})
