import { CircleSlash, Flag, Gift, TrendingDown, TrendingUp, Zap, type LucideIcon } from 'lucide-react'
import type { Gap, Mark, Moment, Wave } from '../api/types'
import { t } from '../i18n'
import { formatClock, formatCount, formatDuration, formatRate, formatScore } from '../lib/format'
import { reasonWords } from '../lib/mood'
import { Card } from './ui'

const shownWaves = 6
const shownMoments = 30

/** Texts that many people repeated. */
export function Waves({ waves }: { waves: readonly Wave[] }) {
  return (
    <Card title={t.waves.title}>
      {waves.length === 0 ? (
        <p className="text-muted">{t.waves.none}</p>
      ) : (
        <ul className="flex flex-col gap-2">
          {waves.slice(0, shownWaves).map((w) => (
            <li key={w.from + w.text}>
              <p dir="auto" className="line-clamp-2 wrap-anywhere" title={w.text}>
                {w.text}
              </p>
              <p className="num text-xs text-muted">
                <time dateTime={w.from}>{formatClock(Date.parse(w.from))}</time> ·{' '}
                {t.waves.size(formatCount(w.count), formatCount(w.chatters))}
              </p>
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}

interface Entry {
  key: string
  at: number
  icon: LucideIcon
  kind: string
  text: string
  length: string
}

/** What happened: moments, raids, gifts and outages, latest first. */
export function Moments({
  moments,
  marks,
  gaps,
  className,
}: {
  moments: readonly Moment[]
  marks: readonly Mark[]
  gaps: readonly Gap[]
  className?: string
}) {
  const entries = [...moments.map(momentEntry), ...marks.map(markEntry), ...gaps.map(gapEntry)]
    .sort((a, b) => b.at - a.at)
    .slice(0, shownMoments)
  return (
    <Card title={t.moments.title} {...(className === undefined ? {} : { className })}>
      {entries.length === 0 ? (
        <p className="text-muted">{t.moments.none}</p>
      ) : (
        <ul
          tabIndex={0}
          aria-label={t.moments.title}
          className="flex max-h-64 flex-col gap-1.5 overflow-y-auto"
        >
          {entries.map((e) => (
            <li key={e.key} className="flex items-start gap-2">
              <e.icon aria-hidden className="mt-0.5 size-3.5 shrink-0 text-muted" />
              <span className="min-w-0 flex-1">
                <span className="font-medium">{e.kind}</span>{' '}
                <span className="wrap-anywhere text-muted">{e.text}</span>
              </span>
              <span className="num shrink-0 text-right text-xs text-muted">
                {formatClock(e.at)}
                {e.length !== '' && <span className="block text-faint">{e.length}</span>}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}

const momentIcon = { hype: Zap, positive: TrendingUp, negative: TrendingDown }

function momentEntry(m: Moment): Entry {
  const from = Date.parse(m.from)
  const peak =
    m.kind === 'hype' ? t.moments.peakRate(formatRate(m.peak)) : t.moments.peakMood(formatScore(m.peak))
  return {
    key: `moment-${m.id}`,
    at: from,
    icon: momentIcon[m.kind],
    kind: t.moments.kinds[m.kind],
    text: m.label === '' ? peak : m.label,
    length: m.to === undefined ? t.moments.ongoing : formatDuration((Date.parse(m.to) - from) / 1000),
  }
}

const markEntry = (m: Mark): Entry => ({
  key: `mark-${m.at}-${m.kind}-${m.name}`,
  at: Date.parse(m.at),
  icon: m.kind === 'raid' ? Flag : Gift,
  kind: t.moments.kinds[m.kind],
  text: m.text,
  length: '',
})

const gapEntry = (g: Gap): Entry => ({
  key: `gap-${g.from}`,
  at: Date.parse(g.from),
  icon: CircleSlash,
  kind: t.moments.kinds.gap,
  text: reasonWords(g.reason),
  length: formatDuration((Date.parse(g.to) - Date.parse(g.from)) / 1000),
})
