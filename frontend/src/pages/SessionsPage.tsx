import { useInfiniteQuery } from '@tanstack/react-query'
import { Search } from 'lucide-react'
import { useCallback } from 'react'
import { Link } from 'react-router'
import { sessionsQuery } from '../api/queries'
import { SessionRows } from '../components/SessionRows'
import { EmptyState, ErrorState, Loading } from '../components/states'
import { buttonClass } from '../components/buttonClass'
import { Button } from '../components/ui'
import { useAddress } from '../hooks/useAddress'
import { useTitle } from '../hooks/useTitle'
import { useTyped } from '../hooks/useTyped'
import { t } from '../i18n'
import { cleanChannel } from '../lib/channel'

/** `/sessions`: finished analyses, latest first; `?channel=` shows one channel's. */
export default function SessionsPage() {
  useTitle(t.sessions.title)
  const [params, put] = useAddress()
  const channel = cleanChannel(params.get('channel') ?? '') ?? ''
  const write = useCallback(
    (wanted: string) => {
      put({ channel: wanted })
    },
    [put],
  )
  const [text, setText, commit] = useTyped(channel, write)
  const sessions = useInfiniteQuery(sessionsQuery(channel))
  const list = sessions.data?.pages.flatMap((p) => p.sessions)

  return (
    <div className="mx-auto flex w-full max-w-5xl flex-col gap-4 px-4 py-6">
      <header className="flex flex-wrap items-end justify-between gap-3">
        <div>
          <h1 className="text-xl font-semibold tracking-tight">{t.sessions.title}</h1>
          <p className="text-muted">{t.sessions.lead}</p>
        </div>
        <form
          role="search"
          onSubmit={(event) => {
            event.preventDefault()
            const wanted = cleanChannel(text)
            if (wanted === undefined) write('')
            else commit(wanted)
          }}
          className="flex items-center gap-1.5 rounded-md border border-line bg-surface px-2 focus-within:outline-2 focus-within:outline-accent max-sm:w-full"
        >
          <Search aria-hidden className="size-3.5 text-faint" />
          <input
            type="search"
            value={text}
            onChange={(event) => {
              if (event.target.value === '') commit('')
              else setText(event.target.value)
            }}
            aria-label={t.sessions.filter}
            placeholder={t.sessions.filterPlaceholder}
            autoCapitalize="none"
            spellCheck={false}
            className="h-8 min-w-0 flex-1 bg-transparent outline-none placeholder:text-faint"
          />
        </form>
      </header>
      {list === undefined ? (
        sessions.isError ? (
          <ErrorState error={sessions.error} onRetry={() => void sessions.refetch()} />
        ) : (
          <Loading />
        )
      ) : list.length === 0 ? (
        channel === '' ? (
          <EmptyState part heading={t.sessions.empty} text={t.sessions.emptyText}>
            <Link to="/" className={buttonClass()}>
              {t.common.homeLink}
            </Link>
          </EmptyState>
        ) : (
          <EmptyState part heading={t.sessions.emptyFor(channel)}>
            <Button
              onClick={() => {
                commit('')
              }}
            >
              {t.sessions.showAll}
            </Button>
          </EmptyState>
        )
      ) : (
        <>
          <SessionRows sessions={list} />
          {sessions.isError && <ErrorState error={sessions.error} onRetry={() => void sessions.refetch()} />}
          {sessions.hasNextPage && (
            <Button
              className="self-center"
              disabled={sessions.isFetchingNextPage}
              onClick={() => void sessions.fetchNextPage()}
            >
              {t.common.more}
            </Button>
          )}
        </>
      )}
    </div>
  )
}
