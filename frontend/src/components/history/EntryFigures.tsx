import type { ShownEntry } from '../../api/history'
import { t } from '../../i18n'
import { formatCount, formatDuration, formatScore } from '../../lib/format'
import { moodLabel, moodWord } from '../../lib/mood'
import { emptyCounts } from '../../live/store'
import { SplitFigure } from '../Figures'
import { LabelGlyph } from '../LabelGlyph'
import { Card } from '../ui'
import { entryCounts } from './names'

/** What is known of an entry without a report, as the older system kept them. */
export function EntryFigures({ entry: e, people = true }: { entry: ShownEntry; people?: boolean }) {
  const lists = [
    ['positive', e.top_positive],
    ['neutral', e.top_neutral],
    ['negative', e.top_negative],
  ] as const
  return (
    <div className="flex flex-col gap-3">
      <p className="text-muted">{t.entry.noReport}</p>
      <div className="grid grid-cols-1 gap-3 sm:grid-cols-3">
        <SplitFigure counts={{ ...emptyCounts, ...entryCounts(e) }} />
        <Card title={t.entry.details}>
          <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
            <dt className="text-muted">{t.entry.lasted}</dt>
            <dd className="num text-right">{formatDuration(e.duration)}</dd>
            <dt className="text-muted">{t.entry.messages}</dt>
            <dd className="num text-right">{formatCount(e.total_chats)}</dd>
            {e.mood !== undefined && (
              <>
                <dt className="text-muted">{t.history.columns.mood}</dt>
                <dd className="num flex items-center justify-end gap-1.5" title={moodWord(e.mood)}>
                  <LabelGlyph label={moodLabel(e.mood)} />
                  {formatScore(e.mood)}
                </dd>
              </>
            )}
          </dl>
        </Card>
        {people && (
          <Card title={t.entry.top}>
            {lists.map(([label, chatters]) => (
              <section key={label} className="not-first:mt-2">
                <h3 className="flex items-center gap-1 text-xs text-muted">
                  <LabelGlyph label={label} />
                  {t.label[label]}
                </h3>
                {chatters.length === 0 ? (
                  <p className="text-muted">{t.top.none}</p>
                ) : (
                  <ol>
                    {chatters.slice(0, 5).map((c) => (
                      <li key={c.username} className="flex justify-between gap-3">
                        <bdi className="truncate">{c.username}</bdi>
                        <span className="num text-muted">{formatCount(c.count)}</span>
                      </li>
                    ))}
                  </ol>
                )}
              </section>
            ))}
          </Card>
        )}
      </div>
    </div>
  )
}
