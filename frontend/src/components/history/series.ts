/** Colour and dash pattern of the n-th session of a comparison; either tells it from the others. */
export const seriesTokens = [
  '--series-1',
  '--series-2',
  '--series-3',
  '--series-4',
  '--series-5',
  '--series-6',
]
export const dashes: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [1, 5]]
export const mostSeries = seriesTokens.length
