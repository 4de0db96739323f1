/** Numbers, times and durations as people read them, by the reader's locale. */
import { locale } from '../i18n'

const integer = new Intl.NumberFormat(locale)
const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 })
const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 })
const signed = new Intl.NumberFormat(locale, {
  signDisplay: 'exceptZero',
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
})
const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const clockShort = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' })
const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
const dateTimeZone = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long' })

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
/** 3 Mar 2026 */
export const formatDate = (ms: number): string => date.format(ms)
/** "in 3 days", "2 hours ago" */
export function formatAgo(ms: number, now: number = Date.now()): string {
  const seconds = (ms - now) / 1000
  const size = Math.abs(seconds)
  if (size < 60) return relative.format(Math.round(seconds), 'second')
  if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute')
  if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour')
  return relative.format(Math.round(seconds / 86_400), 'day')
}
/** 1.2 MB */
export function formatBytes(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const
  const i = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: units[i] ?? 'byte',
    maximumFractionDigits: i === 0 ? 0 : 1,
  }).format(bytes / 1000 ** i)
}
/** The reader's time zone. */
export const timeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone
/** The start of a day ("2026-03-01") in the reader's zone, or so many days later, as ISO 8601; "" for no day. */
export function dayStart(day: string, later: number): string {
  const [y, m, d] = day.split('-').map(Number)
  if (y === undefined || m === undefined || d === undefined || Number.isNaN(y + m + d)) return ''
  return new Date(y, m - 1, d + later).toISOString()
}
