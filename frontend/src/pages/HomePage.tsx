import { useMutation, useQuery, useInfiniteQuery } from '@tanstack/react-query'
import { ArrowRight, CornerDownLeft } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'
import { Link, useLocation, useNavigate } from 'react-router'
import { api } from '../api/client'
import { channelsQuery, infoQuery, sessionsQuery } from '../api/queries'
import { ChannelCard } from '../components/ChannelCard'
import { SessionRows } from '../components/SessionRows'
import { ErrorState, Loading } from '../components/states'
import { buttonClass } from '../components/buttonClass'
import { useHotkeys } from '../hooks/useHotkeys'
import { useTitle } from '../hooks/useTitle'
import { t } from '../i18n'
import { cleanChannel } from '../lib/channel'

export function HomePage() {
  useTitle(t.home.title)
  return (
    <div className="mx-auto flex w-full max-w-5xl flex-col gap-10 px-4 py-8 sm:py-14">
      <Start />
      <Running />
      <Finished />
    </div>
  )
}

/** The paste box and the demo channels. */
function Start() {
  const [text, setText] = useState('')
  const [refused, setRefused] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  const hint = useId()
  const navigate = useNavigate()
  const location = useLocation()
  const info = useQuery(infoQuery)
  const start = useMutation({
    mutationFn: api.connect,
    onSuccess: ({ channel }) => navigate(`/analyze/${channel}`),
  })
  const channel = cleanChannel(text)

  useHotkeys({ '/': () => field.current?.focus() })
  useEffect(() => {
    // Came here from /analyze, to choose a channel. (Not on every visit: focus
    // opens the keyboard of a phone.)
    if (hasFocusWish(location.state)) field.current?.focus()
  }, [location.state])

  const submit = () => {
    if (channel === undefined) {
      setRefused(true)
      field.current?.focus()
    } else {
      start.mutate(text)
    }
  }
  const demo = info.data?.demo_channels ?? []
  return (
    <section className="flex flex-col items-center gap-5 text-center">
      <div className="flex flex-col gap-2">
        <h1 className="text-2xl font-semibold tracking-tight text-balance sm:text-3xl">{t.home.heading}</h1>
        <p className="text-base text-balance text-muted">{t.home.lead}</p>
      </div>
      <form
        noValidate
        className="w-full max-w-xl"
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <div className="flex gap-1.5 rounded-lg border border-line-strong bg-surface p-1.5 shadow-float focus-within:outline-2 focus-within:outline-accent">
          <input
            ref={field}
            value={text}
            onChange={(event) => {
              setText(event.target.value)
              setRefused(false)
              start.reset()
            }}
            aria-label={t.home.field}
            aria-describedby={hint}
            aria-invalid={refused}
            placeholder={t.home.placeholder}
            autoCapitalize="none"
            autoComplete="off"
            autoCorrect="off"
            spellCheck={false}
            enterKeyHint="go"
            inputMode="url"
            className="min-w-0 flex-1 bg-transparent px-2 text-lg outline-none placeholder:text-faint"
          />
          <button
            type="submit"
            disabled={start.isPending}
            className={buttonClass('solid', 'min-h-10 px-4 text-base')}
          >
            {start.isPending ? t.home.starting : t.home.submit}
            <CornerDownLeft aria-hidden className="size-4 max-sm:hidden" />
          </button>
        </div>
        <p id={hint} aria-live="polite" className="mt-2 min-h-5 px-2 text-sm text-muted">
          {refused ? (
            <span className="text-bad">{/clips?[./]/.test(text) ? t.home.clip : t.home.notUnderstood}</span>
          ) : (
            channel !== undefined && channel !== text.trim() && t.home.understood(channel)
          )}
        </p>
      </form>
      {start.isError && (
        <div className="w-full max-w-xl text-left">
          <ErrorState error={start.error} onRetry={submit} />
        </div>
      )}
      {demo.length > 0 && (
        <div className="flex flex-wrap items-center justify-center gap-2">
          <span className="text-muted">
            {info.data?.demo === true ? t.home.demo : ''} {t.home.tryOne}
          </span>
          {demo.map((name) => (
            <button
              key={name}
              type="button"
              disabled={start.isPending}
              onClick={() => {
                start.mutate(name)
              }}
              className={buttonClass('soft', 'rounded-full! px-3')}
            >
              {name}
            </button>
          ))}
        </div>
      )}
    </section>
  )
}

const hasFocusWish = (state: unknown): boolean =>
  typeof state === 'object' && state !== null && 'focus' in state

function Running() {
  const channels = useQuery(channelsQuery)
  return (
    <section className="flex flex-col gap-3">
      <div className="flex items-baseline justify-between">
        <h2 className="text-sm font-medium text-muted">{t.home.running}</h2>
        {(channels.data?.length ?? 0) > 1 && (
          <Link
            to={`/multi?c=${(channels.data ?? [])
              .slice(0, 4)
              .map((c) => c.channel)
              .join(',')}`}
            className="inline-flex items-center gap-1 text-accent hover:underline"
          >
            {t.multi.link}
            <ArrowRight aria-hidden className="size-3.5" />
          </Link>
        )}
      </div>
      {channels.data === undefined ? (
        channels.isError ? (
          <ErrorState error={channels.error} onRetry={() => void channels.refetch()} />
        ) : (
          <Loading className="p-6" />
        )
      ) : (
        <>
          {channels.isError && <ErrorState error={channels.error} onRetry={() => void channels.refetch()} />}
          {channels.data.length === 0 ? (
            <p className="rounded-lg border border-dashed border-line px-4 py-6 text-center text-muted">
              {t.home.runningEmpty}
            </p>
          ) : (
            <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(17rem,100%),1fr))] gap-3">
              {channels.data.map((c) => (
                <li key={c.id}>
                  <ChannelCard summary={c} />
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </section>
  )
}

/** The last few finished sessions; the first page stays useful without them. */
function Finished() {
  const sessions = useInfiniteQuery(sessionsQuery('', 5))
  const list = sessions.data?.pages[0]?.sessions
  if (list === undefined) return null
  return (
    <section className="flex flex-col gap-3">
      <div className="flex items-baseline justify-between">
        <h2 className="text-sm font-medium text-muted">{t.home.finished}</h2>
        <Link to="/sessions" className="inline-flex items-center gap-1 text-accent hover:underline">
          {t.home.finishedAll}
          <ArrowRight aria-hidden className="size-3.5" />
        </Link>
      </div>
      {list.length === 0 ? (
        <p className="rounded-lg border border-dashed border-line px-4 py-6 text-center text-muted">
          {t.home.finishedEmpty}
        </p>
      ) : (
        <SessionRows sessions={list} />
      )}
    </section>
  )
}
