import { useMemo } from 'react'
import type { Report } from '../../api/types'
import { list } from '../../lib/list'
import { TimelineModel } from '../../live/timeline'
import { Moments, Waves } from '../Events'
import { ChattersFigure, MeanRateFigure, MoodFigure, SplitFigure } from '../Figures'
import { TimelineCard } from '../plot/TimelineCard'
import { TopChatters, TopTerms } from '../Rankings'

/** A finished analysis in figures, plot and lists; what is above it is the caller's. */
export function ReportView({
  report: { snapshot: s, timeline },
  people = true,
}: {
  report: Report
  /** False where nobody is named. */
  people?: boolean
}) {
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
    <div className="@container flex w-full flex-col gap-3">
      <div className="grid grid-cols-2 gap-3 @3xl:grid-cols-4">
        <div className="col-span-2 grid @lg:col-span-1">
          <MoodFigure mood={s.mood} finished />
        </div>
        <div className="col-span-2 grid @lg:col-span-1">
          <SplitFigure counts={s.counts} />
        </div>
        <MeanRateFigure rate={s.rate} counts={s.counts} seconds={s.duration_seconds} gaps={events.gaps} />
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
        {people && <TopChatters chatters={s.chatters} />}
        <TopTerms terms={list(s.terms)} emotes={list(s.emotes)} error={s.term_error} />
        <Moments moments={events.moments} marks={events.marks} gaps={events.gaps} />
        <Waves waves={list(s.waves)} />
      </div>
    </div>
  )
}
