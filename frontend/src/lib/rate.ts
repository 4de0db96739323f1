/**
 * Messages a minute on average over what was read of a session. The peak is
 * counted over ten seconds; where less was read there is no average above it.
 * Lengths are seconds, times ISO 8601.
 */
export function meanRate(
  total: number,
  seconds: number,
  known: { peak?: number | undefined; gaps?: readonly { from: string; to: string }[] } = {},
): number {
  const unread = (known.gaps ?? []).reduce(
    (sum, g) => sum + (Date.parse(g.to) - Date.parse(g.from)) / 1000,
    0,
  )
  const mean = (total * 60) / Math.max(seconds - unread, 1)
  return known.peak !== undefined && known.peak > 0 ? Math.min(mean, known.peak) : mean
}
