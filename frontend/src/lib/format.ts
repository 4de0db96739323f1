/** Numbers, times and durations as people read them, by the reader's locale. */

const integer = new Intl.NumberFormat()
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 })
const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 0 })
const signed = new Intl.NumberFormat(undefined, {
  signDisplay: 'exceptZero',
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
})
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const clockShort = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const dateTimeZone = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' })

/** 1,234 */
export const formatCount = (n: number): string => integer.format(n)

/** 1,234 up to 9,999, then 12.3K */
export const formatShort = (n: number): string =>
  Math.abs(n) < 10_000 ? integer.format(n) : compact.format(n)

/** A share of a whole as "42%"; "–" where the whole is empty. */
export const formatShare = (part: number, whole: number): string =>
  whole > 0 ? percent.format(part / whole) : '–'

/** A score or mood, −1…1, with its sign: "+0.42"; "–" where there is none. */
export function formatScore(v: number | null | undefined): string {
  if (v === null || v === undefined || !Number.isFinite(v)) return '–'
  const rounded = Math.round(v * 100) / 100
  return signed.format(rounded === 0 ? 0 : rounded).replace('-', '−')
}

/** Messages a minute: one decimal below 10. */
export const formatRate = (n: number): string =>
  integer.format(n > 0 && n < 10 ? Math.round(n * 10) / 10 : Math.round(n))

/** Elapsed time as 4:05 or 1:02:03. */
export function formatElapsed(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds))
  const two = (n: number) => String(n).padStart(2, '0')
  const h = Math.floor(s / 3600)
  const m = Math.floor((s % 3600) / 60)
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`
}

/** A length of time in words of at most two units: "12 s", "3 min", "2 h 5 min". */
export function formatDuration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds))
  if (s < 60) return `${s} s`
  if (s < 600) return s % 60 === 0 ? `${s / 60} min` : `${Math.floor(s / 60)} min ${s % 60} s`
  const min = Math.round(s / 60)
  if (min < 60) return `${min} min`
  return min % 60 === 0 ? `${min / 60} h` : `${Math.floor(min / 60)} h ${min % 60} min`
}

/** ISO 8601 for machines ("PT1H2M3S"), for <time datetime>. */
export const isoDuration = (seconds: number): string => `PT${Math.max(0, Math.floor(seconds))}S`

/** 14:05:09 */
export const formatClock = (ms: number): string => clock.format(ms)
/** 14:05 */
export const formatClockShort = (ms: number): string => clockShort.format(ms)
/** 3 Mar 2026, 14:05 */
export const formatDateTime = (ms: number): string => dateTime.format(ms)
/** The whole date with the time zone, for tooltips. */
export const formatDateTimeZone = (ms: number): string => dateTimeZone.format(ms)
