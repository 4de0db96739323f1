import { useQuery } from '@tanstack/react-query'
import { admin, type Retained, type Retention } from '../../api/admin'
import { t } from '../../i18n'
import { formatAgo, formatCount, formatDateTimeZone } from '../../lib/format'
import { ErrorState } from '../states'
import { Card } from '../ui'

const texts = t.admin.kept
const settings = { logs: 'LOG_RETENTION_DAYS', archive: 'HISTORY_RETENTION_DAYS' } as const
const kinds = ['logs', 'archive'] as const

const retentionQuery = {
  queryKey: ['admin', 'retention'],
  queryFn: ({ signal }: { signal: AbortSignal }) => admin.retention(signal),
  refetchInterval: 60_000,
}

/** What the server removes by itself once it is old, and what is older than that now. */
export function Kept() {
  const kept = useQuery(retentionQuery)
  return (
    <Card title={texts.title}>
      {kept.data !== undefined ? (
        <KeptList retention={kept.data} />
      ) : kept.isError ? (
        <ErrorState error={kept.error} onRetry={() => void kept.refetch()} />
      ) : (
        <p role="status" className="min-h-[2lh] text-muted">
          {t.common.loading}
        </p>
      )}
    </Card>
  )
}

export function KeptList({ retention }: { retention: Retention }) {
  return (
    <dl className="grid grid-cols-1 gap-3 sm:grid-cols-2">
      {kinds.map((kind) => (
        <div key={kind}>
          <dt className="font-medium">{texts.kinds[kind]}</dt>
          <dd className="flex flex-col text-muted">
            <Told retained={retention[kind]} setting={settings[kind]} />
          </dd>
        </div>
      ))}
    </dl>
  )
}

/** The same of the activity log alone, in a line above it. */
export function LogsKept() {
  const kept = useQuery(retentionQuery)
  if (kept.isError && kept.data === undefined) return null // the log stands without it
  // Its line is there from the start, so that the table does not move down.
  if (kept.data === undefined) return <p className="h-[1lh] text-xs" />
  return (
    <p className="flex flex-wrap gap-x-3 text-xs text-muted">
      <Told retained={kept.data.logs} setting={settings.logs} />
    </p>
  )
}

function Told({ retained: r, setting }: { retained: Retained; setting: string }) {
  if (r.days === 0) {
    return (
      <span>
        {texts.forever} <code className="text-xs">{setting}=0</code>
      </span>
    )
  }
  const looked = r.looked_at === undefined ? undefined : Date.parse(r.looked_at)
  return (
    <>
      <span>
        {texts.days(r.days)}{' '}
        <code className="text-xs">
          {setting}={r.days}
        </code>
      </span>
      <span>{r.due > 0 ? texts.due(formatCount(r.due)) : texts.noneDue}</span>
      <span>
        {looked === undefined ? (
          texts.notYet
        ) : (
          <time dateTime={r.looked_at} title={formatDateTimeZone(looked)}>
            {texts.looked(formatAgo(looked))}
          </time>
        )}
        {r.removed > 0 && ` ${texts.removed(formatCount(r.removed))}`}
      </span>
    </>
  )
}
