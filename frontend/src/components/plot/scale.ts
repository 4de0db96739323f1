/** The next round number: 1, 1.5, 2, 3, 4, 6, 8 or 10 times a power of ten, and at least 10. */
export function ceiling(max: number | null): number {
  const v = Math.max(10, max ?? 0)
  const power = 10 ** Math.floor(Math.log10(v))
  for (const m of [1, 1.5, 2, 3, 4, 6, 8]) if (v <= m * power) return m * power
  return 10 * power
}
