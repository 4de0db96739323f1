import { useAnalyze, useLive } from '../../contexts/analyze'
import { t } from '../../i18n'
import { formatRate, formatScore } from '../../lib/format'
import { moodLabel, moodWord } from '../../lib/mood'
import { LabelGlyph } from '../LabelGlyph'
import { SplitBar } from '../SplitBar'
import { StatusPill } from '../StatusPill'

/** The mood of a channel in little room: for a window that stays on top, and for several channels at once. */
export function CompactView({ heading = true }: { heading?: boolean }) {
  const { channel, link } = useAnalyze()
  const status = useLive((s) => s.status)
  const mood = useLive((s) => s.mood)
  const rate = useLive((s) => s.rate)
  const counts = useLive((s) => s.counts)
  const last = useLive((s) => s.rows.at(-1))
  const label = moodLabel(mood.now)
  return (
    <div className="flex min-w-0 flex-col gap-2 p-3">
      <div className="flex items-center justify-between gap-2">
        {heading && <h1 className="min-w-0 truncate text-base font-semibold">{channel}</h1>}
        <StatusPill link={link} status={status} />
      </div>
      <div className="num flex items-baseline gap-2">
        <LabelGlyph label={label} className="size-3.5 self-center" />
        <span className="text-3xl font-semibold tracking-tight">{formatScore(mood.now)}</span>
        <span className="text-muted">{moodWord(mood.now)}</span>
        <span className="ml-auto text-muted">
          {formatRate(rate.now)} {t.home.perMinute}
        </span>
      </div>
      <SplitBar counts={counts} />
      {last?.kind === 'message' && (
        <p className="truncate">
          <bdi className="font-medium">{last.message.name}</bdi>{' '}
          <bdi className="text-muted">{last.message.text}</bdi>
        </p>
      )}
    </div>
  )
}
