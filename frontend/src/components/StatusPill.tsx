import type { Status } from '../api/types'
import { useNow } from '../hooks/useNow'
import { t } from '../i18n'
import { cx } from '../lib/cx'
import type { Link } from '../live/connection'

type Tone = 'ok' | 'warn' | 'bad' | 'idle'

const toneOf: Record<Status['state'], Tone> = {
  connecting: 'warn',
  live: 'ok',
  reconnecting: 'warn',
  failed: 'bad',
  stopped: 'idle',
}

const dot: Record<Tone, string> = {
  ok: 'bg-ok',
  warn: 'bg-warn',
  bad: 'bg-bad',
  idle: 'border border-faint bg-transparent',
}

/** The state of a channel's link to Twitch as a dot with a name. */
export function StatusDot({ state }: { state: Status['state'] }) {
  const name = t.live.status[state]
  return (
    <span title={name} className={cx('size-2 shrink-0 rounded-full', dot[toneOf[state]])}>
      <span className="sr-only">{name}</span>
    </span>
  )
}

/**
 * Where things stand, in few words: first the page's own link to the server,
 * since without it nothing else is known; then the server's link to Twitch.
 */
export function StatusPill({ link, status }: { link: Link; status: Status | undefined }) {
  const now = useNow(250, link.state === 'waiting')
  const { tone, text, more } = describe(link, status, now)
  return (
    <span
      data-testid="status"
      data-link={link.state}
      data-via={link.state === 'open' ? link.via : undefined}
      title={more}
      className={cx(
        'num inline-flex items-center gap-1.5 rounded-full border border-line px-2.5 py-0.5 text-xs whitespace-nowrap',
        tone === 'warn' && 'bg-warn-soft',
        tone === 'bad' && 'bg-bad-soft',
        (tone === 'ok' || tone === 'idle') && 'bg-raised',
      )}
    >
      <span
        aria-hidden
        className={cx(
          'size-2 rounded-full',
          dot[tone],
          tone === 'ok' && 'animate-[pulse_2.5s_ease-in-out_infinite]',
        )}
      />
      {text}
    </span>
  )
}

function describe(
  link: Link,
  status: Status | undefined,
  now: number,
): { tone: Tone; text: string; more?: string } {
  if (status?.state === 'stopped') return { tone: 'idle', text: t.live.status.stopped }
  switch (link.state) {
    case 'connecting':
      return { tone: 'warn', text: link.attempt > 0 ? t.live.link.now : t.live.link.connecting }
    case 'waiting':
      return { tone: 'warn', text: t.live.link.again(Math.max(0, Math.ceil((link.retryAt - now) / 1000))) }
    case 'offline':
      return { tone: 'warn', text: t.live.link.offline }
    case 'closed':
      return { tone: 'idle', text: t.live.link.closed }
    case 'open':
      if (status === undefined) return { tone: 'warn', text: t.live.link.connecting }
      if (status.state === 'live' && link.via === 'events')
        return { tone: 'ok', text: t.live.link.events, more: t.live.link.eventsHelp }
      return { tone: toneOf[status.state], text: t.live.status[status.state] }
  }
}
