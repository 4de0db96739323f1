import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { Link, useParams } from 'react-router'
import { ApiError } from '../api/client'
import { sessionQuery } from '../api/queries'
import type { Report } from '../api/types'
import { Moments, Waves } from '../components/Events'
import { ChattersFigure, MeanRateFigure, MoodFigure, SplitFigure } from '../components/Figures'
import { TimelineCard } from '../components/plot/TimelineCard'
import { TopChatters, TopTerms } from '../components/Rankings'
import { EmptyState, ErrorState, Loading } from '../components/states'
import { buttonClass } from '../components/buttonClass'
import { useTitle } from '../hooks/useTitle'
import { t } from '../i18n'
import { list } from '../lib/list'
import { formatDateTime, formatDateTimeZone, formatDuration } from '../lib/format'
import { TimelineModel } from '../live/timeline'

/** `/sessions/:id`: the report of a finished analysis. */
export default function SessionPage() {
  const { id = '' } = useParams()
  const session = useQuery(sessionQuery(id))
  useTitle(session.data === undefined ? t.sessions.title : t.session.title(session.data.snapshot.channel))

  if (session.data !== undefined) return <ReportView report={session.data} />
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

function ReportView({ report: { snapshot: s, timeline } }: { report: Report }) {
  const view = useMemo(() => {
    const model = new TimelineModel()
    model.load(timeline)
    return { model }
  }, [timeline])
  const events = useMemo(
    () => ({ gaps: list(s.gaps), marks: list(s.marks), moments: list(s.moments) }),
    [s.gaps, s.marks, s.moments],
  )
  const startedAt = Date.parse(s.started_at)
  const endedAt = Date.parse(s.ended_at ?? s.at)
  return (
    <div className="@container mx-auto flex w-full max-w-6xl flex-col gap-3 p-3 sm:py-5">
      <header className="flex flex-wrap items-baseline gap-x-3 gap-y-1 pb-1">
        <h1 className="text-xl font-semibold tracking-tight">{s.channel}</h1>
        <p className="text-muted">
          <time dateTime={s.started_at} title={formatDateTimeZone(startedAt)}>
            {formatDateTime(startedAt)}
          </time>{' '}
          – <time dateTime={s.ended_at ?? s.at}>{formatDateTime(endedAt)}</time>
          {' · '}
          {formatDuration(s.duration_seconds)}
          {' · '}
          {t.session.zone(Intl.DateTimeFormat().resolvedOptions().timeZone)}
        </p>
        <Link to="/sessions" className="ml-auto text-accent hover:underline">
          {t.session.back}
        </Link>
      </header>
      <div className="grid grid-cols-2 gap-3 @3xl:grid-cols-4">
        <div className="col-span-2 grid @lg:col-span-1">
          <MoodFigure mood={s.mood} finished />
        </div>
        <div className="col-span-2 grid @lg:col-span-1">
          <SplitFigure counts={s.counts} />
        </div>
        <MeanRateFigure rate={s.rate} counts={s.counts} seconds={s.duration_seconds} />
        <ChattersFigure chatters={s.chatters} counts={s.counts} finished />
      </div>
      <TimelineCard
        timeline={view}
        events={events}
        startedAt={Math.floor(startedAt / 1000)}
        to={Math.ceil(endedAt / 1000)}
        range="all"
        minSpan={10}
        height={300}
      />
      <div className="grid grid-cols-1 items-start gap-3 @lg:grid-cols-2 @4xl:grid-cols-4">
        <TopChatters chatters={s.chatters} />
        <TopTerms terms={list(s.terms)} emotes={list(s.emotes)} error={s.term_error} />
        <Moments moments={events.moments} marks={events.marks} gaps={events.gaps} />
        <Waves waves={list(s.waves)} />
      </div>
    </div>
  )
}
