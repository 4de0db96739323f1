import { ArrowDownRight, ArrowRight, ArrowUpRight } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Chatters, Counts, Gap, Mood, Rate } from '../api/types'
import { t } from '../i18n'
import { formatClock, formatCount, formatRate, formatScore, formatShare, formatShort } from '../lib/format'
import { moodLabel, moodWord, trendOf } from '../lib/mood'
import { meanRate } from '../lib/rate'
import { labels } from '../live/protocol'
import { LabelGlyph } from './LabelGlyph'
import { SplitBar } from './SplitBar'
import { Card } from './ui'

/** Mood now with its trend and the means behind it. Without `now`, as in a finished session, the mean of all. */
export function MoodFigure({ mood, finished = false }: { mood: Mood; finished?: boolean }) {
  const value = finished ? mood.all : mood.now
  const label = moodLabel(value)
  const windows = ['m1', 'm5', 'm15', 'm60'] as const
  return (
    <Card title={finished ? t.mood.whole : t.mood.now}>
      <p className="num flex items-center gap-2 text-3xl font-semibold tracking-tight" data-testid="mood">
        <LabelGlyph label={label} className="size-4" />
        {formatScore(value)}
      </p>
      <p className="flex items-center gap-2 text-xs text-muted">
        {moodWord(value)}
        {!finished && value !== null && <Trend change={mood.trend} />}
      </p>
      <MoodScale value={value} />
      {!finished && (
        <dl className="mt-2.5 flex justify-between gap-2 text-xs" aria-label={t.mood.means}>
          {windows.map((w) => (
            <div key={w} className="flex flex-col">
              <dt className="text-faint">{t.mood.windows[w]}</dt>
              <dd className="num text-sm">{formatScore(mood[w])}</dd>
            </div>
          ))}
        </dl>
      )}
    </Card>
  )
}

const trendIcon = { up: ArrowUpRight, down: ArrowDownRight, flat: ArrowRight }

function Trend({ change }: { change: number }) {
  const way = trendOf(change)
  const Icon = trendIcon[way]
  return (
    <span
      className="num inline-flex items-center gap-0.5 text-muted"
      title={t.mood.perMinute(formatScore(change))}
    >
      <Icon aria-hidden className="size-3.5" />
      {t.mood.trend[way]}
    </span>
  )
}

const markerColor = { positive: 'bg-positive', neutral: 'bg-neutral', negative: 'bg-negative' }

/** Where a mood lies between −1 and 1. */
function MoodScale({ value }: { value: number | null }) {
  const at = value === null ? 50 : ((Math.max(-1, Math.min(1, value)) + 1) / 2) * 100
  return (
    <div aria-hidden className="relative mt-2 h-2" title={t.mood.scale}>
      <div className="absolute inset-x-0 top-[3px] h-[2px] rounded-full bg-line" />
      <div className="absolute top-0 left-1/2 h-2 w-px bg-line-strong" />
      {value !== null && (
        <>
          <div
            className={`absolute top-[3px] h-[2px] ${markerColor[moodLabel(value)]}`}
            style={{ left: `${Math.min(50, at)}%`, width: `${Math.abs(at - 50)}%` }}
          />
          <div
            className={`absolute top-0 -ml-1 size-2 rounded-full transition-[left] duration-300 ${markerColor[moodLabel(value)]}`}
            style={{ left: `${at}%` }}
          />
        </>
      )}
    </div>
  )
}

/** Exact counts by label with their shares, and what was left out. */
export function SplitFigure({ counts }: { counts: Counts }) {
  const left = (['bots', 'commands', 'mirrored', 'deleted'] as const).filter((k) => counts[k] > 0)
  return (
    <Card
      title={t.split.title}
      aside={
        <span className="num text-sm font-semibold" data-testid="total">
          {formatCount(counts.total)}
        </span>
      }
    >
      <SplitBar counts={counts} className="mt-1 h-2.5" />
      <dl className="mt-2 grid grid-cols-3 gap-2">
        {labels.map((l) => (
          <div key={l} className="min-w-0">
            <dt className="flex items-center gap-1 text-xs text-muted">
              <LabelGlyph label={l} />
              <span className="truncate">{t.label[l]}</span>
            </dt>
            <dd className="num text-lg font-semibold">{formatShare(counts[l], counts.total)}</dd>
            <dd className="num text-xs text-muted" data-testid={`count-${l}`}>
              {formatCount(counts[l])}
            </dd>
          </div>
        ))}
      </dl>
      <p className="num mt-2 flex flex-wrap gap-x-3 text-xs text-faint">
        <span title={t.split.unsureHelp}>
          {formatCount(counts.unsure)} {t.split.unsure}
        </span>
        {left.length > 0 && (
          <span>
            {t.split.leftOut}: {left.map((k) => `${formatCount(counts[k])} ${t.split[k]}`).join(', ')}
          </span>
        )}
      </p>
    </Card>
  )
}

/** How fast chat goes. */
export function RateFigure({ rate }: { rate: Rate }) {
  const peakAt = rate.peak_at === undefined ? undefined : formatClock(Date.parse(rate.peak_at))
  return (
    <Card title={t.rate.title}>
      <Big value={formatRate(rate.now)} unit={t.rate.unit} />
      <Facts>
        <Fact name={t.rate.m1} value={formatRate(rate.m1)} />
        <Fact name={t.rate.m5} value={formatRate(rate.m5)} />
        <Fact
          name={t.rate.peak}
          value={formatRate(rate.peak)}
          {...(peakAt === undefined ? {} : { title: t.rate.peakAt(peakAt) })}
        />
      </Facts>
    </Card>
  )
}

/** How fast chat went over a whole session. */
export function MeanRateFigure({
  rate,
  counts,
  seconds,
  gaps,
}: {
  rate: Rate
  counts: Counts
  seconds: number
  /** What was not read of them. */
  gaps?: readonly Gap[]
}) {
  const mean = meanRate(counts.total, seconds, { peak: rate.peak, ...(gaps === undefined ? {} : { gaps }) })
  return (
    <Card title={t.rate.title}>
      <Big value={formatRate(mean)} unit={t.rate.meanUnit} />
      <Facts>
        <Fact name={t.rate.peak} value={formatRate(rate.peak)} />
        {rate.peak_at !== undefined && (
          <Fact name={t.rate.at} value={formatClock(Date.parse(rate.peak_at))} />
        )}
      </Facts>
    </Card>
  )
}

/** How many people write. */
export function ChattersFigure({
  chatters,
  counts,
  finished = false,
}: {
  chatters: Chatters
  counts: Counts
  finished?: boolean
}) {
  return (
    <Card title={t.chatters.title}>
      <Big
        value={`${chatters.exact ? '' : `${t.chatters.about} `}${formatShort(chatters.distinct)}`}
        unit={t.chatters.distinct}
      />
      <Facts>
        {!finished && <Fact name={t.chatters.active} value={formatShort(chatters.active)} />}
        <Fact name={t.chatters.first} value={formatShort(counts.first)} />
        {finished && <Fact name={t.chatters.subs} value={formatShort(chatters.subscriber_messages)} />}
      </Facts>
    </Card>
  )
}

function Big({ value, unit }: { value: string; unit: string }) {
  return (
    <p className="flex flex-col">
      <span className="num text-3xl font-semibold tracking-tight">{value}</span>
      <span className="text-xs text-muted">{unit}</span>
    </p>
  )
}

function Facts({ children }: { children: ReactNode }) {
  return <dl className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-xs">{children}</dl>
}

function Fact({ name, value, title }: { name: string; value: string; title?: string }) {
  return (
    <div className="flex flex-col" title={title}>
      <dt className="text-faint">{name}</dt>
      <dd className="num text-sm">{value}</dd>
    </div>
  )
}
