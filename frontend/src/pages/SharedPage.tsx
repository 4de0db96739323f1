import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import { history } from '../api/history'
import { ApiError } from '../api/transport'
import { buttonClass } from '../components/buttonClass'
import { EntryHeading } from '../components/history/EntryHeading'
import { EntryReport } from '../components/history/EntryReport'
import { EntrySummary } from '../components/history/EntrySummary'
import { ExportMenu } from '../components/history/ExportMenu'
import { entryName } from '../components/history/names'
import { EmptyState, ErrorState, Loading } from '../components/states'
import { useTitle } from '../hooks/useTitle'
import { t } from '../i18n'
import { formatDateTime } from '../lib/format'

/** `/shared/:token`: a report that somebody shared, for everybody who has the link. */
export default function SharedPage() {
  const { token = '' } = useParams()
  const shared = useQuery({
    queryKey: ['shared', token],
    queryFn: ({ signal }) => history.shared(token, signal),
    staleTime: 60_000,
  })
  const e = shared.data
  const data = useQuery({
    queryKey: ['shared', token, 'data'],
    queryFn: ({ signal }) => history.sharedData(token, signal),
    enabled: e?.has_report === true,
    staleTime: 60_000,
  })
  useTitle(e === undefined ? t.shared.title : entryName(e))
  if (e === undefined) {
    if (shared.isPending) return <Loading />
    if (shared.error instanceof ApiError && shared.error.status === 404) {
      return (
        <EmptyState heading={t.shared.gone} text={t.shared.goneText}>
          <Link to="/" className={buttonClass()}>
            {t.common.homeLink}
          </Link>
        </EmptyState>
      )
    }
    return (
      <div className="mx-auto flex w-full max-w-5xl flex-col gap-4 px-4 py-6">
        <h1 className="text-xl font-semibold tracking-tight">{t.shared.title}</h1>
        <ErrorState error={shared.error} onRetry={() => void shared.refetch()} />
      </div>
    )
  }
  const people = e.chatters !== 'none'
  return (
    <div className="mx-auto flex w-full max-w-6xl flex-col gap-3 p-3 sm:py-5">
      <p className="text-muted">{t.shared.note(formatDateTime(Date.parse(e.expires_at)))}</p>
      <EntryHeading entry={e}>
        <ExportMenu path={history.sharedReportPath(token)} choosePeople={false} />
      </EntryHeading>
      {e.summary !== '' && <EntrySummary entry={e} />}
      <EntryReport entry={e} report={data} people={people} />
    </div>
  )
}
