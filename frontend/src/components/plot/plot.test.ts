import { expect, test } from 'vitest'
import type { Series } from '../../live/timeline'
import { columnsOf } from './columns'
import { ceiling } from './scale'

const series = (cells: ([p: number, u: number, n: number, mood: number] | null)[]): Series => ({
  step: 10,
  x: cells.map((_, i) => i * 10),
  mood: cells.map((c) => c?.[3] ?? null),
  positive: cells.map((c) => c?.[0] ?? null),
  neutral: cells.map((c) => c?.[1] ?? null),
  negative: cells.map((c) => c?.[2] ?? null),
  total: cells.map((c) => (c === null ? null : c[0] + c[1] + c[2])),
})

test('stacks the rates and puts the mood at the end of each cell', () => {
  expect(
    columnsOf(
      series([
        [1, 2, 3, 0.5],
        [4, 5, 6, -0.5],
      ]),
    ),
  ).toEqual([
    [0, 10, 20],
    [6, 15, 15],
    [5, 11, 11],
    [3, 6, 6],
    [null, 0.5, -0.5],
  ])
})

test('the last cell before a gap keeps its width', () => {
  const [x, all, , , mood] = columnsOf(series([[1, 1, 1, 0.1], null, null, [2, 2, 2, 0.2]]))
  expect(x).toEqual([0, 10, 10.01, 20, 30, 40])
  expect(all).toEqual([3, 3, null, null, 6, 6])
  expect(mood).toEqual([null, 0.1, null, null, null, 0.2])
})

test('nothing is nothing', () => {
  expect(columnsOf(series([]))).toEqual([[], [], [], [], []])
})

test.each([
  [null, 10],
  [0, 10],
  [11, 15],
  [20, 20],
  [41, 60],
  [2934, 3000],
  [99, 100],
  [1632, 2000],
])('the scale for %s ends at %s', (max, end) => {
  expect(ceiling(max)).toBe(end)
})
