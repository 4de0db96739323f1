import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { api } from '../../api/client'
import { t } from '../../i18n'
import { cx } from '../../lib/cx'
import { formatClock, formatScore, formatShare } from '../../lib/format'
import { Flag, hasFlag, isUncounted, type ChatMessage } from '../../live/protocol'
import { Dialog } from '../Dialog'
import { LabelTag } from '../LabelGlyph'
import { ErrorState, Loading } from '../states'
import { Button } from '../ui'
import { CorrectLabel } from './CorrectLabel'

const findings = [
  [Flag.unsure, 'unsure'],
  [Flag.question, 'question'],
  [Flag.laughter, 'laughter'],
  [Flag.hype, 'hype'],
  [Flag.sarcasm, 'sarcasm'],
  [Flag.toxic, 'toxic'],
  [Flag.emoteOnly, 'emoteOnly'],
  [Flag.unscored, 'unscored'],
  [Flag.wave, 'wave'],
  [Flag.corrected, 'corrected'],
] as const

/** Why a message was judged as it was: what each piece added to its score. */
export function WhyDialog({
  message,
  channel,
  onClose,
  onPerson,
}: {
  message: ChatMessage | undefined
  /** Whose running analysis the message is of; empty where none runs. */
  channel: string
  onClose: () => void
  /** Shows what one person wrote. */
  onPerson: (login: string) => void
}) {
  return (
    <Dialog open={message !== undefined} title={t.why.title} onClose={onClose}>
      {message !== undefined && (
        <>
          <Why message={message} channel={channel} />
          {channel !== '' && !isUncounted(message) && (
            <CorrectLabel key={message.id} message={message} channel={channel} />
          )}
          <div className="mt-5 flex flex-wrap justify-between gap-2">
            <Button
              variant="ghost"
              onClick={() => {
                onPerson(message.login)
                onClose()
              }}
            >
              {t.why.person(message.name)}
            </Button>
            <Button onClick={onClose}>{t.common.close}</Button>
          </div>
        </>
      )}
    </Dialog>
  )
}

function Why({ message: m, channel }: { message: ChatMessage; channel: string }) {
  const why = useQuery({
    queryKey: ['why', m.text, channel],
    queryFn: ({ signal }) => api.explain(m.text, channel, signal),
    staleTime: 10_000, // the channel may teach another meaning
  })
  const parts = why.data?.parts ?? []
  const most = Math.max(0.01, ...parts.map((p) => Math.abs(p.value)))
  const found = findings.filter(([flag]) => hasFlag(m, flag))
  const strongest = [...parts].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, 6)
  return (
    <div className="mt-3 flex flex-col gap-3">
      <p className="num flex flex-wrap items-center gap-x-3 text-muted">
        <bdi className="font-semibold text-text">{m.name}</bdi>
        {formatClock(m.time)}
        <LabelTag label={m.label} />
        <span>{t.chat.score(formatScore(m.score), formatShare(m.confidence, 1))}</span>
      </p>
      <blockquote dir="auto" className="rounded-md bg-raised px-3 py-2 text-base wrap-anywhere">
        {parts.length === 0 ? m.text : <Weighted text={m.text} parts={parts} most={most} />}
      </blockquote>
      {found.length > 0 && (
        <ul className="flex flex-wrap gap-1.5">
          {found.map(([, name]) => (
            <li key={name} className="rounded-full border border-line px-2 text-xs text-muted">
              {t.why.findings[name]}
            </li>
          ))}
        </ul>
      )}
      {isUncounted(m) && <p className="text-muted">{t.why.uncounted}</p>}
      {why.data === undefined ? (
        why.isError ? (
          <ErrorState error={why.error} onRetry={() => void why.refetch()} />
        ) : (
          <Loading className="p-3" />
        )
      ) : strongest.length === 0 ? (
        <p className="text-muted">{t.why.nothing}</p>
      ) : (
        <div>
          <h3 className="text-xs font-medium text-muted">{t.why.parts}</h3>
          <ul className="mt-1">
            {strongest.map((p, i) => (
              <li key={i} className="grid h-6 grid-cols-[minmax(0,1fr)_6rem_3rem] items-center gap-2">
                <bdi className="truncate">{p.text}</bdi>
                <Bar value={p.value} most={most} />
                <span className="num text-right text-muted">{formatScore(p.value)}</span>
              </li>
            ))}
          </ul>
          <p className="mt-2 text-xs text-faint">
            {t.why.how}{' '}
            <Link
              className="text-accent underline decoration-accent/40 underline-offset-2"
              to="/about#accuracy"
            >
              {t.about.accuracy}
            </Link>
          </p>
        </div>
      )}
    </div>
  )
}

interface Part {
  text: string
  value: number
}

/** The text with its pieces underlined by what they added. */
function Weighted({ text, parts, most }: { text: string; parts: readonly Part[]; most: number }) {
  const out = []
  let at = 0
  for (const [i, p] of parts.entries()) {
    const start = text.indexOf(p.text, at)
    if (start < 0) continue
    if (start > at) out.push(text.slice(at, start))
    at = start + p.text.length
    const strong = Math.abs(p.value) >= most / 4
    out.push(
      <span
        key={i}
        title={formatScore(p.value)}
        className={cx(
          strong && 'border-b-2 font-medium',
          strong && (p.value > 0 ? 'border-positive' : 'border-dashed border-negative'),
        )}
      >
        {p.text}
      </span>,
    )
  }
  if (at < text.length) out.push(text.slice(at))
  return out
}

/** A bar from the middle: to the right what lifted the score, to the left what lowered it. */
function Bar({ value, most }: { value: number; most: number }) {
  const width = (Math.abs(value) / most) * 50
  return (
    <span aria-hidden className="relative h-2 rounded-full bg-raised">
      <span className="absolute inset-y-0 left-1/2 w-px bg-line-strong" />
      <span
        className={cx('absolute inset-y-0 rounded-full', value > 0 ? 'bg-positive-fill' : 'bg-negative-fill')}
        style={value > 0 ? { left: '50%', width: `${width}%` } : { right: '50%', width: `${width}%` }}
      />
    </span>
  )
}
