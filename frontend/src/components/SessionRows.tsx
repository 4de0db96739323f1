import { Link } from 'react-router'
import type { SessionInfo } from '../api/types'
import { t } from '../i18n'
import { formatDateTime, formatDateTimeZone, formatDuration, formatScore, formatShort } from '../lib/format'
import { moodLabel, moodWord } from '../lib/mood'
import { LabelGlyph } from './LabelGlyph'
import { SplitBar } from './SplitBar'

/** Finished sessions as a table; on a phone each row folds into two lines. */
export function SessionRows({ sessions }: { sessions: readonly SessionInfo[] }) {
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-surface">
      <table role="table" className="w-full border-collapse text-left max-sm:block">
        <thead role="rowgroup" className="text-xs text-muted max-sm:sr-only">
          <tr role="row" className="border-b border-line *:px-3.5 *:py-2 *:font-medium">
            <th role="columnheader" scope="col">
              {t.sessions.channel}
            </th>
            <th role="columnheader" scope="col">
              {t.sessions.ended}
            </th>
            <th role="columnheader" scope="col" className="text-right">
              {t.sessions.duration}
            </th>
            <th role="columnheader" scope="col" className="text-right">
              {t.sessions.messages}
            </th>
            <th role="columnheader" scope="col">
              {t.sessions.mood}
            </th>
            <th role="columnheader" scope="col" className="w-1/5">
              {t.sessions.split}
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup" className="max-sm:block">
          {sessions.map((s) => (
            <tr
              key={s.id}
              role="row"
              className="relative border-line not-last:border-b hover:bg-raised max-sm:flex max-sm:flex-wrap max-sm:items-center max-sm:gap-x-3 max-sm:px-3.5 max-sm:py-2.5 sm:*:px-3.5 sm:*:py-2.5"
            >
              <td role="cell" className="max-sm:flex-1">
                <Link to={`/sessions/${s.id}`} className="font-medium after:absolute after:inset-0">
                  {s.channel}
                </Link>
              </td>
              <td role="cell" className="whitespace-nowrap text-muted">
                <time dateTime={s.ended_at} title={formatDateTimeZone(Date.parse(s.ended_at))}>
                  {formatDateTime(Date.parse(s.ended_at))}
                </time>
              </td>
              <td role="cell" className="num text-right whitespace-nowrap text-muted max-sm:order-1">
                {formatDuration(s.duration_seconds)}
              </td>
              <td role="cell" className="num text-right max-sm:order-1">
                {formatShort(s.counts.total)}
                <span className="text-muted sm:sr-only"> {t.home.messages}</span>
              </td>
              <td role="cell" className="num whitespace-nowrap max-sm:order-1 max-sm:ml-auto">
                <span className="inline-flex items-center gap-1.5" title={moodWord(s.mood)}>
                  <LabelGlyph label={moodLabel(s.mood)} />
                  {formatScore(s.mood)}
                </span>
              </td>
              <td role="cell" className="max-sm:order-2 max-sm:w-full max-sm:pt-1.5">
                <SplitBar counts={s.counts} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
