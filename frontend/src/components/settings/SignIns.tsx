import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { MonitorSmartphone } from 'lucide-react'
import { account } from '../../api/account'
import { t } from '../../i18n'
import { formatAgo, formatDateTime } from '../../lib/format'
import { toast } from '../../lib/toast'
import { browserOf } from '../../lib/userAgent'
import { FormError } from '../form/fields'
import { ErrorState, Loading } from '../states'
import { Button } from '../ui'

const texts = t.settings.sessions

export function SignIns() {
  const queries = useQueryClient()
  const key = ['user', 'sessions']
  const sessions = useQuery({ queryKey: key, queryFn: ({ signal }) => account.sessions(signal) })
  const renew = () => queries.invalidateQueries({ queryKey: key })
  const end = useMutation({
    mutationFn: (id: string) => account.endSession(id),
    onSuccess: async () => {
      toast.done(texts.ended)
      await renew()
    },
  })
  const endOthers = useMutation({
    mutationFn: () => account.endSessions(true),
    onSuccess: async () => {
      toast.done(texts.endedOthers)
      await renew()
    },
  })
  if (sessions.data === undefined) {
    return sessions.isError ? (
      <ErrorState error={sessions.error} onRetry={() => void sessions.refetch()} />
    ) : (
      <Loading className="p-4" />
    )
  }
  return (
    <div className="flex flex-col gap-3">
      <p className="text-muted">{texts.lead}</p>
      <ul>
        {sessions.data.map((s) => {
          const known = browserOf(s.user_agent)
          return (
            <li key={s.id} className="flex items-center gap-3 border-line py-2 not-last:border-b">
              <MonitorSmartphone aria-hidden className="size-5 shrink-0 text-muted" />
              <div className="min-w-0 flex-1" title={s.user_agent}>
                <p className="flex flex-wrap items-center gap-x-2 font-medium">
                  {known === undefined ? texts.unknown : texts.browser(known.browser, known.system)}
                  {s.current && (
                    <span className="rounded-full bg-accent-soft px-2 text-xs font-medium text-accent">
                      {texts.current}
                    </span>
                  )}
                </p>
                <p className="num text-xs text-muted">
                  {s.address !== '' && `${s.address} · `}
                  {texts.since(formatDateTime(Date.parse(s.created_at)))} ·{' '}
                  {texts.used(formatAgo(Date.parse(s.last_used_at)))}
                </p>
              </div>
              {!s.current && (
                <Button
                  disabled={end.isPending}
                  onClick={() => {
                    end.mutate(s.id)
                  }}
                >
                  {texts.end}
                </Button>
              )}
            </li>
          )
        })}
      </ul>
      <FormError message={(end.error ?? endOthers.error)?.message} />
      {sessions.data.length > 1 && (
        <Button
          variant="danger"
          className="self-start"
          disabled={endOthers.isPending}
          onClick={() => {
            endOthers.mutate()
          }}
        >
          {texts.endOthers}
        </Button>
      )}
    </div>
  )
}
