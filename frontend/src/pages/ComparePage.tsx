import { useQueries } from '@tanstack/react-query'
import { ChevronLeft } from 'lucide-react'
import { useMemo, useState, type ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import { history, type HistoryEntry } from '../api/history'
import type { Report } from '../api/types'
import { CompareChart } from '../components/history/CompareChart'
import { alignedLines } from '../components/history/compare'
import { entryCounts, entryName, entryTime } from '../components/history/names'
import { dashes, mostSeries, seriesTokens } from '../components/history/series'
import { LabelGlyph } from '../components/LabelGlyph'
import { EmptyState, ErrorState, Loading } from '../components/states'
import { buttonClass } from '../components/buttonClass'
import { Card } from '../components/ui'
import { useTitle } from '../hooks/useTitle'
import { t } from '../i18n'
import { cx } from '../lib/cx'
import {
  formatCount,
  formatDateTime,
  formatDuration,
  formatRate,
  formatScore,
  formatShare,
} from '../lib/format'
import { list } from '../lib/list'
import { moodLabel } from '../lib/mood'
import { meanRate } from '../lib/rate'
import { labels } from '../live/protocol'

interface Side {
  entry: HistoryEntry
  report: Report | undefined
}

/** `/history/compare?ids=…`: two or more saved analyses on one time axis. */
export default function ComparePage() {
  useTitle(t.compare.title)
  const [params] = useSearchParams()
  const ids = [...new Set((params.get('ids') ?? '').split(',').filter((id) => id !== ''))].slice(
    0,
    mostSeries,
  )
  const sides = useQueries({
    queries: ids.map((id) => ({
      queryKey: ['history', 'side', id],
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Side> => {
        const entry = await history.get(id, signal)
        return { entry, report: entry.has_report === true ? await history.data(id, signal) : undefined }
      },
      staleTime: 60_000,
    })),
  })
  if (ids.length < 2) {
    return (
      <EmptyState heading={t.compare.need} text={t.compare.needText}>
        <Link to="/history" className={buttonClass('solid')}>
          {t.history.title}
        </Link>
      </EmptyState>
    )
  }
  const failed = sides.find((s) => s.isError)
  const loaded = sides.flatMap((s) => (s.data === undefined ? [] : [s.data]))
  return (
    <div className="mx-auto flex w-full max-w-6xl flex-col gap-3 p-3 sm:py-5">
      <Link to="/history" className="inline-flex items-center gap-1 self-start text-accent hover:underline">
        <ChevronLeft aria-hidden className="size-3.5" />
        {t.history.title}
      </Link>
      <header>
        <h1 className="text-xl font-semibold tracking-tight">{t.compare.heading}</h1>
        <p className="text-muted">{t.compare.lead}</p>
      </header>
      {failed?.error != null ? (
        <ErrorState
          error={failed.error}
          onRetry={() => {
            for (const s of sides) if (s.isError) void s.refetch()
          }}
        />
      ) : loaded.length < ids.length ? (
        <Loading />
      ) : (
        <Compared sides={loaded} />
      )}
    </div>
  )
}

function Compared({ sides }: { sides: readonly Side[] }) {
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set())
  const withCourse = sides.filter((s) => s.report !== undefined)
  const key = withCourse.map((s) => s.entry._id).join()
  const lines = useMemo(
    () => alignedLines(withCourse.flatMap((s) => (s.report === undefined ? [] : [s.report]))),
    // The reports of these ids never change.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [key],
  )
  const names = withCourse.map((s) => entryName(s.entry)).join(', ')
  return (
    <>
      <ul className="flex flex-wrap gap-2">
        {withCourse.map(({ entry: e }, i) => (
          <li key={e._id}>
            <button
              type="button"
              aria-pressed={!hidden.has(i)}
              title={t.compare.hide(entryName(e))}
              onClick={() => {
                setHidden((old) => {
                  const next = new Set(old)
                  if (!next.delete(i)) next.add(i)
                  return next
                })
              }}
              className={cx(
                'flex items-center gap-2 rounded-full border border-line bg-surface px-3 py-1 hover:bg-hover',
                hidden.has(i) && 'text-faint line-through',
              )}
            >
              <span className="num text-xs text-muted">{i + 1}</span>
              <Swatch index={i} />
              {entryName(e)} <span className="text-muted">{formatDateTime(entryTime(e))}</span>
            </button>
          </li>
        ))}
      </ul>
      {withCourse.length > 0 && (
        <>
          <Card title={t.compare.mood}>
            <CompareChart
              x={lines.x}
              lines={lines.mood}
              kind="mood"
              hidden={hidden}
              label={`${t.compare.mood}: ${names}`}
            />
          </Card>
          <Card title={t.compare.rate}>
            <CompareChart
              x={lines.x}
              lines={lines.rate}
              kind="rate"
              hidden={hidden}
              label={`${t.compare.rate}: ${names}`}
              height={170}
            />
          </Card>
        </>
      )}
      <Figures sides={sides} />
    </>
  )
}

function Swatch({ index }: { index: number }) {
  return (
    <svg aria-hidden viewBox="0 0 24 4" className="h-1 w-6">
      <line
        x1="0"
        x2="24"
        y1="2"
        y2="2"
        strokeWidth="2.5"
        strokeDasharray={dashes[index % dashes.length]?.join(' ')}
        stroke={`var(${seriesTokens[index % seriesTokens.length] ?? '--text'})`}
      />
    </svg>
  )
}

function Figures({ sides }: { sides: readonly Side[] }) {
  const rows: readonly (readonly [name: ReactNode, key: string, of: (s: Side) => ReactNode])[] = [
    [t.history.columns.mood, 'mood', ({ entry: e }) => <Mood value={e.mood} />],
    [t.history.columns.messages, 'messages', ({ entry: e }) => formatCount(e.total_chats)],
    ...labels.map(
      (l) =>
        [
          <span key={l} className="inline-flex items-center gap-1.5">
            <LabelGlyph label={l} />
            {t.label[l]}
          </span>,
          l,
          ({ entry: e }: Side) => formatShare(entryCounts(e)[l], entryCounts(e).total),
        ] as const,
    ),
    [
      t.rate.title,
      'rate',
      ({ entry: e, report: r }) => {
        const known = { peak: r?.snapshot.rate.peak, gaps: list(r?.snapshot.gaps) }
        return `${formatRate(meanRate(e.total_chats, e.duration, known))} ${t.home.perMinute}`
      },
    ],
    [t.compare.peak, 'peak', ({ report: r }) => (r === undefined ? '–' : formatRate(r.snapshot.rate.peak))],
    [
      t.compare.people,
      'people',
      ({ report: r }) => (r === undefined ? '–' : formatCount(r.snapshot.chatters.distinct)),
    ],
    [t.history.columns.duration, 'duration', ({ entry: e }) => formatDuration(e.duration)],
  ]
  return (
    <div
      tabIndex={0}
      role="region"
      aria-label={t.compare.heading}
      className="overflow-x-auto rounded-lg border border-line bg-surface"
    >
      <table className="w-full border-collapse text-left">
        <thead>
          <tr className="border-b border-line *:px-3 *:py-2 *:align-bottom">
            <th scope="col" className="text-xs font-medium text-muted">
              {t.compare.figure}
            </th>
            {sides.map(({ entry: e, report }) => (
              <th key={e._id} scope="col" className="min-w-32 text-right font-medium">
                <Link to={`/history/${e._id}`} className="text-accent wrap-anywhere hover:underline">
                  {entryName(e)}
                </Link>
                <span className="block text-xs font-normal text-muted">{formatDateTime(entryTime(e))}</span>
                {report === undefined && (
                  <span className="block text-xs font-normal text-faint">{t.compare.noCourse}</span>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="num">
          {rows.map(([name, key, of]) => (
            <tr key={key} className="border-line not-last:border-b *:px-3 *:py-1.5">
              <th scope="row" className="font-normal text-muted">
                {name}
              </th>
              {sides.map((s) => (
                <td key={s.entry._id} className="text-right">
                  {of(s)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Mood({ value }: { value: number | undefined }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <LabelGlyph label={moodLabel(value)} />
      {formatScore(value)}
    </span>
  )
}
