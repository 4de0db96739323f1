/** The time that a plot shows: minutes, or the whole session. */
export type Range = '5' | '30' | 'all'
export const ranges: readonly Range[] = ['5', '30', 'all']
