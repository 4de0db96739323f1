import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import { ApiError } from '../api/client'
import { sessionQuery } from '../api/queries'
import type { Snapshot } from '../api/types'
import { ReportView } from '../components/report/ReportView'
import { SaveButton } from '../components/history/SaveButton'
import { EmptyState, ErrorState, Loading } from '../components/states'
import { buttonClass } from '../components/buttonClass'
import { useTitle } from '../hooks/useTitle'
import { t } from '../i18n'
import { formatDateTime, formatDateTimeZone, formatDuration, timeZone } from '../lib/format'

/** `/sessions/:id`: the report of a finished analysis. */
export default function SessionPage() {
  const { id = '' } = useParams()
  const session = useQuery(sessionQuery(id))
  useTitle(session.data === undefined ? t.sessions.title : t.session.title(session.data.snapshot.channel))

  if (session.data !== undefined) {
    return (
      <div className="mx-auto flex w-full max-w-6xl flex-col gap-3 p-3 sm:py-5">
        <Header snapshot={session.data.snapshot} />
        <ReportView report={session.data} />
      </div>
    )
  }
  if (session.isPending) return <Loading />
  const notFound = session.error instanceof ApiError && session.error.status === 404
  if (notFound) {
    return (
      <EmptyState heading={t.session.notFound} text={t.session.notFoundText}>
        <Link to="/sessions" className={buttonClass()}>
          {t.session.back}
        </Link>
      </EmptyState>
    )
  }
  return (
    <div className="mx-auto flex w-full max-w-5xl flex-col gap-4 px-4 py-6">
      <h1 className="text-xl font-semibold tracking-tight">{t.session.failed}</h1>
      <ErrorState error={session.error} onRetry={() => void session.refetch()} />
    </div>
  )
}

function Header({ snapshot: s }: { snapshot: Snapshot }) {
  const startedAt = Date.parse(s.started_at)
  const endedAt = Date.parse(s.ended_at ?? s.at)
  return (
    <header className="flex flex-wrap items-center gap-x-3 gap-y-1 pb-1">
      <h1 className="text-xl font-semibold tracking-tight">{s.channel}</h1>
      <p className="text-muted">
        <time dateTime={s.started_at} title={formatDateTimeZone(startedAt)}>
          {formatDateTime(startedAt)}
        </time>{' '}
        – <time dateTime={s.ended_at ?? s.at}>{formatDateTime(endedAt)}</time>
        {' · '}
        <span className="whitespace-nowrap">{formatDuration(s.duration_seconds)}</span>
        {' · '}
        {t.session.zone(timeZone())}
      </p>
      <span className="ml-auto flex items-center gap-3">
        <SaveButton channel={s.channel} sessionId={s.id} />
        <Link to="/sessions" className="text-accent hover:underline">
          {t.session.back}
        </Link>
      </span>
    </header>
  )
}
