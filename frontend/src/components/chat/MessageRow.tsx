import { CornerUpLeft, Gem, Sparkle } from 'lucide-react'
import { memo, type ReactNode } from 'react'
import { t } from '../../i18n'
import { nameColor, type Theme } from '../../lib/color'
import { cx } from '../../lib/cx'
import { formatClock, formatCount, formatDuration, formatScore, formatShare } from '../../lib/format'
import { Flag, hasFlag, isUncounted, type ChatMessage } from '../../live/protocol'
import type { Row } from '../../live/store'
import { EmoteName, EmotePicture } from './EmotePicture'
import { LabelGlyph } from '../LabelGlyph'

/** One row of the chat list. */
export const ChatRow = memo(function ChatRow({
  row,
  theme,
  pictures,
  onAsk,
}: {
  row: Row
  theme: Theme
  /** Where pictures of emotes are; without it they are named. */
  pictures?: string | undefined
  /** Asks why a message was judged as it was. */
  onAsk?: (message: ChatMessage) => void
}) {
  switch (row.kind) {
    case 'message':
      return (
        <MessageRow
          message={row.message}
          deleted={row.deleted}
          theme={theme}
          pictures={pictures}
          onAsk={onAsk}
        />
      )
    case 'missed':
      return (
        <Divider title={t.chat.missedHelp}>
          {row.missed === undefined ? t.chat.missedUnknown : t.chat.missed(formatCount(row.missed))}
        </Divider>
      )
    case 'outage': {
      const from = Date.parse(row.gap.from)
      const to = Date.parse(row.gap.to)
      return (
        <Divider>
          {t.chat.outage(formatClock(from), formatClock(to), formatDuration((to - from) / 1000))}
        </Divider>
      )
    }
    case 'mark':
      return (
        <p className="mx-3 my-1 rounded-md bg-accent-soft px-2.5 py-1 text-text">
          <bdi>{row.mark.text}</bdi>
        </p>
      )
  }
})

function Divider({ title, children }: { title?: string; children: ReactNode }) {
  return (
    <p title={title} className="hatch my-1 border-y border-line px-3 py-1 text-center text-xs text-muted">
      {children}
    </p>
  )
}

const edge = {
  positive: 'border-l-positive',
  neutral: 'border-l-transparent',
  negative: 'border-l-negative',
}

const word = { positive: 'text-positive', neutral: 'text-neutral', negative: 'text-negative' }

function MessageRow({
  message: m,
  deleted,
  theme,
  pictures,
  onAsk,
}: {
  message: ChatMessage
  deleted: boolean
  theme: Theme
  pictures: string | undefined
  onAsk: ((message: ChatMessage) => void) | undefined
}) {
  const uncounted = isUncounted(m)
  const quiet = uncounted || deleted
  const color = nameColor(m.color, m.login, theme)
  const action = hasFlag(m, Flag.action)
  return (
    <article
      data-id={m.id}
      data-label={m.label}
      className={cx(
        'grid grid-cols-[minmax(0,1fr)_auto] gap-x-2 border-l-2 py-[3px] pr-3 pl-2.5 hover:bg-raised',
        quiet ? 'border-l-transparent' : edge[m.label],
        hasFlag(m, Flag.highlighted) && 'bg-accent-soft',
      )}
    >
      <div className="min-w-0 wrap-anywhere">
        {m.reply !== undefined && (
          <p className="flex items-center gap-1 text-xs text-faint" title={m.reply.text}>
            <CornerUpLeft aria-hidden className="size-3 shrink-0" />
            <span className="truncate">
              {t.chat.replyTo(m.reply.login)} <bdi>{m.reply.text}</bdi>
            </span>
          </p>
        )}
        <Badges message={m} />
        <bdi
          className={cx('font-semibold', quiet && 'text-faint')}
          style={quiet ? undefined : { color }}
          title={`${m.login === m.name ? m.name : `${m.name} (${m.login})`}, ${formatClock(m.time)}`}
        >
          {m.name}
        </bdi>
        {action ? ' ' : <span className="text-faint">: </span>}
        <span
          dir="auto"
          className={cx(
            '[unicode-bidi:isolate]',
            quiet && 'text-faint',
            deleted && 'line-through',
            action && 'italic',
          )}
          style={action && !quiet ? { color } : undefined}
        >
          <Text message={m} theme={theme} pictures={pictures} />
        </span>
        {m.bits > 0 && (
          <span className="ml-1.5 inline-flex items-center gap-0.5 text-xs whitespace-nowrap text-accent">
            <Gem aria-hidden className="size-3" />
            {t.chat.bits(formatCount(m.bits))}
          </span>
        )}
        {deleted && (
          <span className="ml-1.5 text-xs text-faint" title={t.chat.deletedLong}>
            {t.chat.deleted}
          </span>
        )}
      </div>
      {uncounted ? (
        <span className="text-xs leading-5 whitespace-nowrap text-faint" title={notCounted(m)}>
          {notCounted(m).split(',', 1)[0]}
        </span>
      ) : (
        <button
          type="button"
          onClick={() => {
            onAsk?.(m)
          }}
          className={cx(
            'num flex items-center gap-1 self-start rounded-sm text-xs leading-5 whitespace-nowrap hover:underline',
            deleted ? 'text-faint' : word[m.label],
          )}
          title={t.chat.score(formatScore(m.score), formatShare(m.confidence, 1))}
        >
          <LabelGlyph label={m.label} className={cx('size-2', deleted && 'text-faint')} />
          <span className={cx(hasFlag(m, Flag.unsure) && 'underline decoration-dotted underline-offset-2')}>
            {t.label[m.label]}
          </span>
          <span className="hidden w-9 text-right text-muted @sm:inline">{formatScore(m.score)}</span>
          <span className="sr-only">{t.chat.why}</span>
        </button>
      )}
    </article>
  )
}

function notCounted(m: ChatMessage): string {
  if (hasFlag(m, Flag.bot)) return t.chat.notCounted.bot
  if (hasFlag(m, Flag.command)) return t.chat.notCounted.command
  return t.chat.notCounted.mirrored
}

const roles = [
  [Flag.broadcaster, 'broadcaster'],
  [Flag.moderator, 'moderator'],
  [Flag.vip, 'vip'],
  [Flag.subscriber, 'subscriber'],
] as const

const badgeClass =
  'mr-1 inline-block rounded-sm border px-1 align-[1px] text-[0.625rem] leading-[0.875rem] font-semibold'

function Badges({ message: m }: { message: ChatMessage }) {
  if (m.flags === '') return null
  return (
    <>
      {hasFlag(m, Flag.first) && (
        <span className={cx(badgeClass, 'border-accent text-accent')} title={t.chat.firstLong}>
          <Sparkle aria-hidden className="mr-0.5 inline size-2.5 align-[-1px]" />
          {t.chat.first}
        </span>
      )}
      {roles.map(([flag, role]) => {
        if (!hasFlag(m, flag)) return null
        const [short, long] = t.chat.badges[role]
        return (
          <abbr
            key={role}
            title={long}
            className={cx(
              badgeClass,
              'no-underline',
              role === 'subscriber' || role === 'vip'
                ? 'border-line text-muted'
                : 'border-line-strong text-text',
            )}
          >
            {short}
          </abbr>
        )
      })}
    </>
  )
}

/** The text with its emotes set off: named, or pictured where the reader chose that. */
function Text({
  message: m,
  theme,
  pictures,
}: {
  message: ChatMessage
  theme: Theme
  pictures: string | undefined
}) {
  if (m.emotes.length === 0) return m.text
  const parts: ReactNode[] = []
  let end = 0
  for (const [id, from, to] of m.emotes) {
    if (from > end) parts.push(m.text.slice(end, from))
    parts.push(
      pictures === undefined ? (
        <EmoteName key={`${id}-${from}`} name={m.text.slice(from, to)} />
      ) : (
        <EmotePicture
          key={`${id}-${from}`}
          id={id}
          name={m.text.slice(from, to)}
          origin={pictures}
          theme={theme}
        />
      ),
    )
    end = to
  }
  if (end < m.text.length) parts.push(m.text.slice(end))
  return parts
}
