import { Link } from 'react-router'
import type { ChannelSummary } from '../api/types'
import { useNow } from '../hooks/useNow'
import { t } from '../i18n'
import { formatElapsed, formatRate, formatScore, formatShort, isoDuration } from '../lib/format'
import { moodLabel, moodWord } from '../lib/mood'
import { LabelGlyph } from './LabelGlyph'
import { SplitBar } from './SplitBar'
import { StatusDot } from './StatusPill'

/** A running analysis as a card that leads to its live page. */
export function ChannelCard({ summary }: { summary: ChannelSummary }) {
  const now = useNow()
  const elapsed = (now - Date.parse(summary.started_at)) / 1000
  return (
    <Link
      to={`/analyze/${summary.channel}`}
      className="flex flex-col gap-3 rounded-lg border border-line bg-surface p-3.5 transition-colors hover:border-line-strong hover:bg-raised"
    >
      <span className="flex items-center gap-2">
        <StatusDot state={summary.status.state} />
        <span className="min-w-0 flex-1 truncate text-base font-semibold">{summary.channel}</span>
        <time dateTime={isoDuration(elapsed)} className="num text-xs text-muted">
          {formatElapsed(elapsed)}
        </time>
      </span>
      <span className="flex items-baseline gap-2">
        <LabelGlyph label={moodLabel(summary.mood)} className="self-center" />
        <span className="num text-xl font-semibold">{formatScore(summary.mood)}</span>
        <span className="min-w-0 truncate text-muted">{moodWord(summary.mood)}</span>
      </span>
      <SplitBar counts={summary.counts} />
      <span className="num flex justify-between gap-2 text-xs text-muted">
        <span>
          {formatShort(summary.counts.total)} {t.home.messages}
        </span>
        <span>
          {formatRate(summary.rate)} {t.home.perMinute}
        </span>
        <span>{t.home.viewers(summary.viewers)}</span>
      </span>
    </Link>
  )
}
