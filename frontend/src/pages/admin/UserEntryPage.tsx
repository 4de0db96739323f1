import { useQuery } from '@tanstack/react-query'
import { ChevronLeft } from 'lucide-react'
import { Link, useParams } from 'react-router'
import { admin } from '../../api/admin'
import { EntryHeading } from '../../components/history/EntryHeading'
import { EntryReport } from '../../components/history/EntryReport'
import { EntrySummary } from '../../components/history/EntrySummary'
import { entryName } from '../../components/history/names'
import { ErrorState, Loading } from '../../components/states'
import { useHistoryOwner } from '../../hooks/useHistoryOwner'
import { useTitle } from '../../hooks/useTitle'
import { t } from '../../i18n'

const texts = t.admin.users

/** `/admin/users/:id/history/:entry`: what somebody else saved, to be read only; looking is logged. */
export default function UserEntryPage() {
  const { id = '', entry: entryId = '' } = useParams()
  const { name, title: historyTitle } = useHistoryOwner(id)
  // Each look is a line in the log: it is not asked again by itself.
  const once = { staleTime: Infinity, refetchOnWindowFocus: false, refetchOnReconnect: false }
  const entry = useQuery({
    queryKey: ['admin', 'entry', entryId],
    queryFn: ({ signal }) => admin.historyEntry(entryId, signal),
    ...once,
  })
  const data = useQuery({
    queryKey: ['admin', 'entry-data', entryId],
    queryFn: ({ signal }) => admin.historyData(entryId, signal),
    enabled: entry.data?.has_report === true,
    ...once,
  })
  const e = entry.data
  useTitle(e === undefined ? historyTitle : t.entry.title(entryName(e)))
  return (
    <>
      <Link
        to={`/admin/users/${encodeURIComponent(id)}/history`}
        state={{ name }}
        className="inline-flex items-center gap-1 self-start text-accent hover:underline"
      >
        <ChevronLeft aria-hidden className="size-3.5" />
        {historyTitle}
      </Link>
      {e === undefined ? (
        entry.isError ? (
          <ErrorState error={entry.error} onRetry={() => void entry.refetch()} />
        ) : (
          <Loading />
        )
      ) : (
        <>
          <EntryHeading entry={e} />
          <p className="text-muted">{texts.entryNote}</p>
          <EntrySummary entry={e} />
          <EntryReport entry={e} report={data} />
        </>
      )}
    </>
  )
}
