import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ApiError } from '../../api/client'
import { t } from '../../i18n'
import { cx } from '../../lib/cx'
import { formatCount, formatScore } from '../../lib/format'
import { ErrorState, Loading } from '../states'
import { Button } from '../ui'

// A choice that holds.
const pressed = 'aria-pressed:border-accent aria-pressed:ring-1 aria-pressed:ring-accent'

/** What a channel's own emotes have been learnt to mean, with what may be changed about it. */
export function LearnedEmotes({ channel }: { channel: string }) {
  const learned = useQuery({
    queryKey: ['learned', channel],
    queryFn: ({ signal }) => api.learned(channel, signal),
    refetchInterval: 10_000,
  })
  const queries = useQueryClient()
  const [open, setOpen] = useState<string>()
  const change = useMutation({
    mutationFn: ({ token, to }: { token: string; to: { value?: number; frozen?: boolean } | undefined }) =>
      to === undefined ? api.release(channel, token) : api.teach(channel, token, to),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['learned', channel] }),
  })
  if (learned.data === undefined) {
    return learned.isError ? (
      <ErrorState error={learned.error} onRetry={() => void learned.refetch()} />
    ) : (
      <Loading className="p-3" />
    )
  }
  const { emotes, may_change: mayChange } = learned.data
  const known = emotes.filter((e) => e.state !== 'heard').slice(0, 20)
  return (
    <div>
      <p className="py-1 text-xs text-faint">{t.learned.what}</p>
      {known.length === 0 ? (
        <p className="py-2 text-muted">{t.learned.none}</p>
      ) : (
        <ul>
          {known.map((e) => (
            <li key={e.emote} className="py-0.5">
              <div className="grid min-h-6 grid-cols-[minmax(0,1fr)_3rem_auto] items-center gap-2">
                <bdi
                  className="truncate"
                  title={t.learned.evidence(formatCount(e.people), formatCount(Math.round(e.evidence)))}
                >
                  {e.emote}
                </bdi>
                <span className="num text-right text-muted">{formatScore(e.value)}</span>
                {mayChange ? (
                  <Button
                    variant="ghost"
                    aria-expanded={open === e.emote}
                    aria-label={`${t.learned.states[e.state]}: ${t.learned.change(e.emote)}`}
                    onClick={() => {
                      setOpen(open === e.emote ? undefined : e.emote)
                    }}
                  >
                    {t.learned.states[e.state]}
                  </Button>
                ) : (
                  <span className="text-xs text-muted">{t.learned.states[e.state]}</span>
                )}
              </div>
              {mayChange && open === e.emote && (
                <div
                  role="group"
                  aria-label={t.learned.change(e.emote)}
                  className="grid grid-cols-6 gap-1 py-1 *:min-w-0"
                >
                  {([0.8, 0, -0.8] as const).map((value) => (
                    <Button
                      key={value}
                      disabled={change.isPending}
                      className={cx(pressed, 'col-span-2')}
                      aria-pressed={e.state === 'corrected' && e.value === value}
                      onClick={() => {
                        change.mutate({ token: e.emote, to: { value } })
                      }}
                    >
                      {value > 0 ? t.learned.good : value < 0 ? t.learned.bad : t.learned.nothing}
                    </Button>
                  ))}
                  <Button
                    disabled={change.isPending}
                    className={cx(pressed, 'col-span-3')}
                    aria-pressed={e.frozen}
                    onClick={() => {
                      change.mutate({ token: e.emote, to: { frozen: !e.frozen } })
                    }}
                  >
                    {t.learned.freeze}
                  </Button>
                  <Button
                    disabled={change.isPending}
                    className="col-span-3"
                    onClick={() => {
                      change.mutate({ token: e.emote, to: undefined })
                    }}
                  >
                    {t.learned.release}
                  </Button>
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
      {change.error !== null && (
        <p role="alert" className="text-bad">
          {change.error instanceof ApiError ? change.error.message : t.correct.failed}
        </p>
      )}
    </div>
  )
}
