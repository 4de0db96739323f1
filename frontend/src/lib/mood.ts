import { t } from '../i18n'
import type { Label } from '../live/protocol'

/** A mood, −1…1, in words. */
export function moodWord(mood: number | null | undefined): string {
  if (mood === null || mood === undefined) return t.mood.none
  if (mood >= 0.35) return t.mood.words.veryPositive
  if (mood >= 0.08) return t.mood.words.positive
  if (mood > -0.08) return t.mood.words.even
  if (mood > -0.35) return t.mood.words.negative
  return t.mood.words.veryNegative
}

/** The label whose shape and colour a mood takes. */
export const moodLabel = (mood: number | null | undefined): Label =>
  mood === null || mood === undefined || Math.abs(mood) < 0.08
    ? 'neutral'
    : mood > 0
      ? 'positive'
      : 'negative'

/** Which way the mood goes; small changes are none. */
export const trendOf = (change: number): 'up' | 'down' | 'flat' =>
  change >= 0.03 ? 'up' : change <= -0.03 ? 'down' : 'flat'

/** Why chat was not read, in words. */
export const reasonWords = (code: string): string => t.reasons[code] ?? code.replaceAll('_', ' ')
