import { useMemo, useState } from 'react'
import { Link } from 'react-router'
import { useAnalyze, useLive } from '../../contexts/analyze'
import { useAddress } from '../../hooks/useAddress'
import { useMediaQuery } from '../../hooks/useMediaQuery'
import { useNow } from '../../hooks/useNow'
import { useTitle } from '../../hooks/useTitle'
import { t } from '../../i18n'
import { cx } from '../../lib/cx'
import { ChatPanel } from '../chat/ChatPanel'
import { Moments, Waves } from '../Events'
import { ChattersFigure, MoodFigure, RateFigure, SplitFigure } from '../Figures'
import { ranges, type Range } from '../plot/range'
import { TimelineCard } from '../plot/TimelineCard'
import { TopChatters, TopTerms } from '../Rankings'
import { EmptyState } from '../states'
import { buttonClass } from '../buttonClass'
import { LearnedEmotes } from './LearnedEmotes'
import { LinkBanner } from './LinkBanner'
import { LiveHeader } from './LiveHeader'
import { Questions } from './Questions'
import { LiveSummary } from './LiveSummary'
import { StartButton } from './StartButton'

type Section = 'overview' | 'chat' | 'details'
const sections: readonly Section[] = ['overview', 'chat', 'details']

/** The live page of the channel of the AnalyzeProvider above. */
export function LiveView() {
  const { channel, link } = useAnalyze()
  const ready = useLive((s) => s.ready)
  const wide = useMediaQuery('(min-width: 64rem)')
  const [section, setSection] = useState<Section>('overview')
  useTitle(t.live.title(channel))

  // Over before anything was seen: nothing to show but why.
  if (!ready && link.state === 'closed' && link.reason !== 'left') {
    const reason = link.reason === 'stopped' ? 'not-analysed' : link.reason
    const text = t.live.ended[reason]
    return (
      <EmptyState heading={text.heading(channel)} text={text.text}>
        {reason === 'not-analysed' && <StartButton label={t.live.start} />}
        <Link to={`/sessions?channel=${channel}`} className={buttonClass()}>
          {t.live.pastSessions}
        </Link>
      </EmptyState>
    )
  }

  if (wide) {
    return (
      <div className="grid h-[calc(100dvh-var(--header))] min-h-120 grid-cols-[minmax(0,1fr)_clamp(22rem,32vw,32rem)]">
        <div className="@container flex min-h-0 flex-col gap-3 overflow-y-auto p-3">
          <LiveHeader />
          <LinkBanner />
          <Overview height={290} />
          <Details />
        </div>
        <ChatPanel className="border-l border-line" />
        <LiveSummary />
      </div>
    )
  }
  return (
    <div
      className={cx(
        '@container flex flex-col gap-3 p-3',
        section === 'chat' ? 'h-[calc(100dvh-var(--header))] min-h-120' : 'flex-1',
      )}
    >
      <LiveHeader />
      <LinkBanner />
      <div
        role="group"
        aria-label={t.live.sections}
        className="grid grid-cols-3 rounded-md border border-line bg-surface p-0.5"
      >
        {sections.map((s) => (
          <button
            key={s}
            type="button"
            aria-pressed={s === section}
            onClick={() => {
              setSection(s)
            }}
            className="min-h-8 rounded-sm text-muted aria-pressed:bg-accent-soft aria-pressed:font-medium aria-pressed:text-text"
          >
            {t.live.sectionNames[s]}
          </button>
        ))}
      </div>
      {section === 'overview' && <Overview height={230} />}
      {section === 'details' && <Details />}
      {section === 'chat' && <ChatPanel className="-mx-3 -mb-3 flex-1 border-t border-line" />}
      <LiveSummary />
    </div>
  )
}

function Overview({ height }: { height: number }) {
  const mood = useLive((s) => s.mood)
  const counts = useLive((s) => s.counts)
  const rate = useLive((s) => s.rate)
  const chatters = useLive((s) => s.chatters)
  return (
    <>
      <div
        className={cx(
          'grid grid-cols-2 gap-3',
          '@3xl:grid-cols-[minmax(0,1.25fr)_minmax(0,1.35fr)_minmax(0,0.85fr)_minmax(0,0.85fr)]',
        )}
      >
        <div className="col-span-2 grid @lg:col-span-1">
          <MoodFigure mood={mood} />
        </div>
        <div className="col-span-2 grid @lg:col-span-1">
          <SplitFigure counts={counts} />
        </div>
        <RateFigure rate={rate} />
        <ChattersFigure chatters={chatters} counts={counts} />
      </div>
      <LiveTimeline height={height} />
    </>
  )
}

function LiveTimeline({ height }: { height: number }) {
  const { store } = useAnalyze()
  const timeline = useLive((s) => s.timeline)
  const startedAt = useLive((s) => s.startedAt)
  const offset = useLive((s) => s.clockOffset)
  const stopped = useLive((s) => s.stopped)
  const since = useLive((s) => s.status?.since)
  const events = usePlotEvents()
  const now = useNow(1000, !stopped)
  const [params, put] = useAddress()
  const asked = params.get('range')
  const range: Range = ranges.find((r) => r === asked) ?? '5'
  const end = stopped && since !== undefined ? Date.parse(since) : now + offset
  return (
    <TimelineCard
      timeline={timeline}
      events={events}
      startedAt={Math.floor((startedAt === 0 ? end - 60_000 : startedAt) / 1000)}
      to={Math.floor(end / 1000)}
      range={range}
      onRange={(next) => {
        put({ range: next === '5' ? undefined : next })
      }}
      height={height}
      messagesIn={(from, until) =>
        store
          .getState()
          .rows.flatMap((r) =>
            r.kind === 'message' && r.message.time >= from * 1000 && r.message.time < until * 1000
              ? [r.message]
              : [],
          )
      }
    />
  )
}

function usePlotEvents() {
  const gaps = useLive((s) => s.gaps)
  const marks = useLive((s) => s.marks)
  const moments = useLive((s) => s.moments)
  return useMemo(() => ({ gaps, marks, moments }), [gaps, marks, moments])
}

function Details() {
  const { channel } = useAnalyze()
  const chatters = useLive((s) => s.chatters)
  const terms = useLive((s) => s.terms)
  const emotes = useLive((s) => s.emotes)
  const termError = useLive((s) => s.termError)
  const waves = useLive((s) => s.waves)
  const moments = useLive((s) => s.moments)
  const marks = useLive((s) => s.marks)
  const gaps = useLive((s) => s.gaps)
  const [, put] = useAddress()
  const find = (text: string) => {
    put({ q: text })
  }
  return (
    <div className="grid grid-cols-1 items-start gap-3 @lg:grid-cols-2">
      <TopChatters chatters={chatters} />
      <TopTerms
        terms={terms}
        emotes={emotes}
        error={termError}
        learned={<LearnedEmotes channel={channel} />}
        onFind={find}
      />
      <Questions />
      <Moments moments={moments} marks={marks} gaps={gaps} />
      <Waves waves={waves} />
    </div>
  )
}
