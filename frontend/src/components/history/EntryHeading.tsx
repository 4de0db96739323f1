import type { ReactNode } from 'react'
import type { ShownEntry } from '../../api/history'
import { t } from '../../i18n'
import { formatDateTime, formatDateTimeZone, formatDuration, timeZone } from '../../lib/format'
import { entryName, entryTime } from './names'

/** Whose chat it was, when, for how long; beside it what can be done. */
export function EntryHeading({ entry: e, children }: { entry: ShownEntry; children?: ReactNode }) {
  const from = entryTime(e)
  return (
    <header className="flex flex-wrap items-center gap-x-3 gap-y-2 pb-1">
      <div className="min-w-0 flex-1 basis-64">
        <h1 className="text-xl font-semibold tracking-tight wrap-anywhere">
          {entryName(e)}
          {entryName(e) !== e.streamer_name && (
            <span className="ml-2 text-base font-normal text-muted">{e.streamer_name}</span>
          )}
        </h1>
        <p className="text-muted">
          <time dateTime={new Date(from).toISOString()} title={formatDateTimeZone(from)}>
            {formatDateTime(from)}
          </time>
          {' · '}
          {formatDuration(e.duration)}
          {' · '}
          {t.session.zone(timeZone())}
          {' · '}
          {t.history.origin[e.origin ?? 'old']}
        </p>
      </div>
      <div className="flex flex-wrap items-center gap-2">{children}</div>
    </header>
  )
}
