import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { GitCompareArrows } from 'lucide-react'
import { useCallback, useState } from 'react'
import { Link, NavLink, useNavigate } from 'react-router'
import { history, type HistoryEntry } from '../api/history'
import { buttonClass } from '../components/buttonClass'
import { DateField } from '../components/form/DateField'
import { Select } from '../components/form/fields'
import { EntryMenu } from '../components/history/EntryMenu'
import { entryCounts, entryName } from '../components/history/names'
import { LabelGlyph } from '../components/LabelGlyph'
import { Pager, rowClass, SearchField, SortHeader, Table, type Sorting } from '../components/lists'
import { SplitBar } from '../components/SplitBar'
import { EmptyState, ErrorState, Loading } from '../components/states'
import { Button } from '../components/ui'
import { useListParams } from '../hooks/useListParams'
import { useTitle } from '../hooks/useTitle'
import { t } from '../i18n'
import { cx } from '../lib/cx'
import {
  formatCount,
  formatDateTime,
  formatDateTimeZone,
  formatDuration,
  formatScore,
  timeZone,
} from '../lib/format'
import { moodLabel, moodWord } from '../lib/mood'

const defaults = {
  page: 1,
  limit: 20,
  search: '',
  sort: 'created_at',
  direction: 'desc',
  from: '',
  to: '',
  tag: '',
  channel: '',
}
/** So many can be compared: more lines cannot be told apart. */
const mostCompared = 6

/** `/history` and `/history/archive` */
export default function HistoryPage({ archived = false }: { archived?: boolean }) {
  const texts = t.history
  useTitle(archived ? texts.archiveTitle : texts.title)
  const navigate = useNavigate()
  const [params, set] = useListParams(defaults)
  const [chosen, setChosen] = useState<readonly string[]>([])
  const entries = useQuery({
    queryKey: ['history', 'list', archived, params],
    queryFn: ({ signal }) =>
      history.list(
        archived,
        {
          ...params,
          direction: params.direction === 'asc' ? 'asc' : 'desc',
        },
        signal,
      ),
    placeholderData: keepPreviousData,
  })
  const tags = useQuery({
    queryKey: ['history', 'tags'],
    queryFn: ({ signal }) => history.tags(signal),
    enabled: !archived,
  })
  const onSearch = useCallback(
    (search: string) => {
      set({ search })
    },
    [set],
  )
  const filtered =
    params.search !== '' ||
    params.from !== '' ||
    params.to !== '' ||
    params.tag !== '' ||
    params.channel !== ''
  const clear = () => {
    set({ search: '', from: '', to: '', tag: '', channel: '' })
  }
  const sorting: Sorting = {
    sort: params.sort,
    direction: params.direction,
    onSort: (sort, direction) => {
      set({ sort, direction })
    },
  }
  const choose = (id: string) => {
    setChosen((old) => (old.includes(id) ? old.filter((x) => x !== id) : [...old, id].slice(-mostCompared)))
  }
  const found = entries.data
  const list = found?.items
  return (
    <div className="mx-auto flex w-full max-w-6xl flex-col gap-4 px-4 py-6">
      <header className="flex flex-wrap items-end justify-between gap-3">
        <div>
          <h1 className="text-xl font-semibold tracking-tight">
            {archived ? texts.archiveTitle : texts.title}
          </h1>
          <p className="text-muted">{archived ? texts.archiveLead : texts.lead}</p>
        </div>
        <nav aria-label={texts.views} className="inline-flex rounded-md border border-line bg-raised p-0.5">
          {(
            [
              ['/history', texts.mine],
              ['/history/archive', texts.archived],
            ] as const
          ).map(([to, name]) => (
            <NavLink
              key={to}
              to={to}
              end
              className="inline-flex min-h-7 items-center rounded-sm px-3 text-muted hover:text-text aria-[current=page]:bg-surface aria-[current=page]:text-text aria-[current=page]:shadow-[0_0_0_1px_var(--line)]"
            >
              {name}
            </NavLink>
          ))}
        </nav>
      </header>
      <div role="search" aria-label={texts.filters} className="flex flex-wrap items-center gap-2">
        <SearchField
          label={texts.search}
          value={params.search}
          onSearch={onSearch}
          className="min-w-48 flex-1"
        />
        <DateField
          label={texts.from}
          value={params.from}
          onChange={(from) => {
            set({ from })
          }}
        />
        <DateField
          label={texts.to}
          value={params.to}
          onChange={(to) => {
            set({ to })
          }}
        />
        {!archived && (tags.data?.length ?? 0) > 0 && (
          <Select
            label={texts.tag}
            hideLabel
            value={params.tag}
            options={[
              ['', texts.anyTag],
              ...(tags.data ?? []).map((x) => [x.name, `${x.name} (${formatCount(x.count)})`] as const),
            ]}
            onChange={(tag) => {
              set({ tag })
            }}
          />
        )}
        {filtered && (
          <Button variant="ghost" onClick={clear}>
            {texts.clearFilters}
          </Button>
        )}
      </div>
      {chosen.length > 0 && (
        <div
          role="status"
          className="flex flex-wrap items-center gap-3 rounded-lg border border-accent bg-accent-soft px-3 py-2"
        >
          <span className="font-medium">{texts.chosen(chosen.length)}</span>
          <span className="text-muted">
            {chosen.length === 1 && texts.compareMore}
            {chosen.length === mostCompared && texts.compareMost(mostCompared)}
          </span>
          <span className="ml-auto flex gap-2">
            <Button
              variant="ghost"
              onClick={() => {
                setChosen([])
              }}
            >
              {texts.clearChoice}
            </Button>
            <Button
              variant="solid"
              disabled={chosen.length < 2}
              onClick={() => void navigate(`/history/compare?ids=${chosen.join(',')}`)}
            >
              <GitCompareArrows aria-hidden className="size-4" />
              {texts.compare}
            </Button>
          </span>
        </div>
      )}
      {entries.isError && <ErrorState error={entries.error} onRetry={() => void entries.refetch()} />}
      {found === undefined || list === undefined ? (
        entries.isError ? null : (
          <Loading />
        )
      ) : list.length === 0 ? (
        filtered ? (
          <EmptyState part heading={texts.noMatch} text={texts.noMatchText}>
            <Button onClick={clear}>{texts.clearFilters}</Button>
          </EmptyState>
        ) : archived ? (
          <EmptyState part heading={texts.emptyArchive} />
        ) : (
          <EmptyState part heading={texts.empty} text={texts.emptyText}>
            <Link to="/" className={buttonClass()}>
              {t.common.homeLink}
            </Link>
          </EmptyState>
        )
      ) : (
        <>
          <Table
            label={archived ? texts.archiveTitle : texts.title}
            busy={entries.isPlaceholderData}
            head={
              <>
                {!archived && (
                  <th role="columnheader" scope="col" className="w-8 pr-0!">
                    <span className="sr-only">{texts.compare}</span>
                  </th>
                )}
                <SortHeader name={texts.columns.channel} column="channel" sorting={sorting} first="asc" />
                <SortHeader name={texts.columns.created_at} column="created_at" sorting={sorting} />
                <SortHeader
                  name={texts.columns.duration}
                  column="duration"
                  sorting={sorting}
                  className="text-right"
                />
                <SortHeader
                  name={texts.columns.messages}
                  column="messages"
                  sorting={sorting}
                  className="text-right"
                />
                <SortHeader name={texts.columns.mood} column="mood" sorting={sorting} />
                <th role="columnheader" scope="col" className="w-1/6">
                  {texts.columns.split}
                </th>
                <th role="columnheader" scope="col" className="w-12">
                  <span className="sr-only">{t.common.more}</span>
                </th>
              </>
            }
          >
            {list.map((e) => (
              <EntryRow
                key={e._id}
                entry={e}
                {...(archived ? {} : { chosen: chosen.includes(e._id), onChoose: choose })}
                onTag={(tag) => {
                  set({ tag })
                }}
              />
            ))}
          </Table>
          <div className="flex flex-wrap items-center justify-between gap-2">
            <span className="text-xs text-faint">{t.session.zone(timeZone())}</span>
            <Pager
              page={found.page}
              pages={found.pages}
              total={found.total}
              limit={params.limit}
              onPage={(page) => {
                set({ page })
              }}
              onLimit={(limit) => {
                set({ limit })
              }}
            />
          </div>
        </>
      )}
    </div>
  )
}

function EntryRow({
  entry: e,
  chosen,
  onChoose,
  onTag,
}: {
  entry: HistoryEntry
  chosen?: boolean
  onChoose?: (id: string) => void
  onTag: (tag: string) => void
}) {
  const created = Date.parse(e.created_at)
  return (
    <tr role="row" className={cx(rowClass, chosen === true && 'bg-accent-soft')}>
      {onChoose !== undefined && (
        <td role="cell" className="pr-0! max-sm:order-first">
          <input
            type="checkbox"
            aria-label={t.history.select(entryName(e))}
            checked={chosen}
            onChange={() => {
              onChoose(e._id)
            }}
            className="relative z-1 block size-4 accent-accent-solid"
          />
        </td>
      )}
      <td role="cell" className="max-w-80 min-w-0 max-sm:flex-1">
        {e.status === 'deleted' ? (
          <span className="font-medium wrap-anywhere">{entryName(e)}</span>
        ) : (
          <Link to={`/history/${e._id}`} className="font-medium wrap-anywhere after:absolute after:inset-0">
            {entryName(e)}
          </Link>
        )}
        {e.name !== undefined && e.name !== '' && <span className="ml-2 text-muted">{e.streamer_name}</span>}
        {(e.tags?.length ?? 0) > 0 && (
          <span className="relative z-1 ml-2 inline-flex flex-wrap gap-1">
            {e.tags?.map((tag) => (
              <button
                key={tag}
                type="button"
                onClick={() => {
                  onTag(tag)
                }}
                className="max-w-32 truncate rounded-full border border-line bg-raised px-2 text-xs text-muted hover:border-accent hover:text-text"
              >
                {tag}
              </button>
            ))}
          </span>
        )}
      </td>
      <td role="cell" className="whitespace-nowrap text-muted max-sm:order-1 max-sm:w-full max-sm:text-xs">
        <time dateTime={e.created_at} title={formatDateTimeZone(created)}>
          {formatDateTime(created)}
        </time>
      </td>
      <td role="cell" className="num text-right whitespace-nowrap text-muted max-sm:order-2">
        {formatDuration(e.duration)}
      </td>
      <td role="cell" className="num text-right max-sm:order-2">
        {formatCount(e.total_chats)}
        <span className="text-muted sm:sr-only"> {t.home.messages}</span>
      </td>
      <td role="cell" className="num whitespace-nowrap max-sm:order-2 max-sm:ml-auto">
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
      <td role="cell" className="max-sm:order-3 max-sm:w-full max-sm:pt-1.5">
        <SplitBar counts={entryCounts(e)} />
      </td>
      <td role="cell" className="z-1 py-1! text-right">
        <EntryMenu entry={e} />
      </td>
    </tr>
  )
}
