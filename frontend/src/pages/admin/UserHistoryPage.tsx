import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { ChevronLeft } from 'lucide-react'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { admin } from '../../api/admin'
import { entryCounts, entryName } from '../../components/history/names'
import { LabelGlyph } from '../../components/LabelGlyph'
import { Pager, rowClass, Table } from '../../components/lists'
import { SplitBar } from '../../components/SplitBar'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { useHistoryOwner } from '../../hooks/useHistoryOwner'
import { useTitle } from '../../hooks/useTitle'
import { t } from '../../i18n'
import { formatCount, formatDateTime, formatDuration, formatScore, timeZone } from '../../lib/format'
import { moodLabel, moodWord } from '../../lib/mood'

const texts = t.admin.users

/** `/admin/users/:id/history`: what somebody else saved; looking is logged. */
export default function UserHistoryPage() {
  const { id = '' } = useParams()
  const [page, setPage] = useState(1)
  const { name, title } = useHistoryOwner(id)
  useTitle(title)
  const entries = useQuery({
    queryKey: ['admin', 'history', id, page],
    queryFn: ({ signal }) => admin.userHistory(id, page, signal),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  })
  const found = entries.data
  return (
    <>
      <Link
        to="/admin/users"
        className="inline-flex items-center gap-1 self-start text-accent hover:underline"
      >
        <ChevronLeft aria-hidden className="size-3.5" />
        {t.admin.places.users}
      </Link>
      <header>
        <h1 className="text-xl font-semibold tracking-tight wrap-anywhere">{title}</h1>
        <p className="text-muted">{texts.historyNote}</p>
      </header>
      {entries.isError && <ErrorState error={entries.error} onRetry={() => void entries.refetch()} />}
      {found === undefined ? (
        entries.isError ? null : (
          <Loading />
        )
      ) : found.items.length === 0 ? (
        <EmptyState part heading={t.history.empty} />
      ) : (
        <>
          <Table
            label={title}
            busy={entries.isPlaceholderData}
            head={(['channel', 'created_at', 'duration', 'messages', 'mood', 'split'] as const).map((c) => (
              <th
                key={c}
                role="columnheader"
                scope="col"
                className={c === 'duration' || c === 'messages' ? 'text-right' : ''}
              >
                {t.history.columns[c]}
              </th>
            ))}
          >
            {found.items.map((e) => (
              <tr key={e._id} role="row" className={rowClass}>
                <td role="cell" className="font-medium wrap-anywhere max-sm:flex-1">
                  <Link
                    to={`/admin/users/${encodeURIComponent(id)}/history/${encodeURIComponent(e._id)}`}
                    state={{ name }}
                    className="text-accent hover:underline"
                  >
                    {entryName(e)}
                  </Link>
                </td>
                <td role="cell" className="whitespace-nowrap text-muted">
                  {formatDateTime(Date.parse(e.created_at))}
                </td>
                <td role="cell" className="num text-right text-muted">
                  {formatDuration(e.duration)}
                </td>
                <td role="cell" className="num text-right">
                  {formatCount(e.total_chats)}
                </td>
                <td role="cell" className="num whitespace-nowrap">
                  {e.mood === undefined ? (
                    <span className="text-faint" title={t.history.unknownMood}>
                      –
                    </span>
                  ) : (
                    <span className="inline-flex items-center gap-1.5" title={moodWord(e.mood)}>
                      <LabelGlyph label={moodLabel(e.mood)} />
                      {formatScore(e.mood)}
                    </span>
                  )}
                </td>
                <td role="cell" className="w-1/5 max-sm:w-full">
                  <SplitBar counts={entryCounts(e)} />
                </td>
              </tr>
            ))}
          </Table>
          <div className="flex flex-wrap items-center justify-between gap-2">
            <span className="text-xs text-faint">{t.session.zone(timeZone())}</span>
            <Pager
              page={found.page}
              pages={found.pages}
              total={found.total}
              limit={20}
              sizes={[20]}
              onPage={setPage}
              onLimit={() => undefined}
            />
          </div>
        </>
      )}
    </>
  )
}
