import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Square } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import { admin } from '../../api/admin'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { rowClass, Table } from '../../components/lists'
import { ErrorState, Loading } from '../../components/states'
import { Button, Card } from '../../components/ui'
import { useTitle } from '../../hooks/useTitle'
import { t } from '../../i18n'
import { formatAgo, formatCount, formatDateTimeZone, formatRate } from '../../lib/format'
import { toast } from '../../lib/toast'

const texts = t.admin.channels
const renewEvery = 3000

/** `/admin/channels`: what runs, for whom, and who watches. */
export default function ChannelsPage() {
  useTitle(t.admin.places.channels)
  const queries = useQueryClient()
  const [stopping, setStopping] = useState<string>()
  const channels = useQuery({
    queryKey: ['admin', 'channels'],
    queryFn: ({ signal }) => admin.channels(signal),
    refetchInterval: renewEvery,
  })
  const sockets = useQuery({
    queryKey: ['admin', 'sockets'],
    queryFn: ({ signal }) => admin.sockets(signal),
    refetchInterval: renewEvery,
  })
  const columns = texts.columns
  return (
    <>
      <header>
        <h1 className="text-xl font-semibold tracking-tight">{t.admin.places.channels}</h1>
        <p className="text-muted">{texts.lead}</p>
      </header>
      {channels.isError && <ErrorState error={channels.error} onRetry={() => void channels.refetch()} />}
      {channels.data === undefined ? (
        channels.isError ? null : (
          <Loading />
        )
      ) : channels.data.length === 0 ? (
        <p className="py-8 text-center text-muted">{texts.none}</p>
      ) : (
        <Table
          label={t.admin.places.channels}
          head={
            <>
              {(['channel', 'since', 'rate', 'total', 'viewers', 'holders'] as const).map((c) => (
                <th
                  key={c}
                  role="columnheader"
                  scope="col"
                  className={c === 'rate' || c === 'total' || c === 'viewers' ? 'text-right' : ''}
                >
                  {columns[c]}
                </th>
              ))}
              <th role="columnheader" scope="col">
                <span className="sr-only">{texts.stop}</span>
              </th>
            </>
          }
        >
          {channels.data.map((c) => (
            <tr key={c.channel} role="row" className={rowClass}>
              <td role="cell" className="max-sm:flex-1">
                <Link to={`/analyze/${c.channel}`} className="font-medium text-accent hover:underline">
                  {c.channel}
                </Link>
              </td>
              <td role="cell" className="whitespace-nowrap text-muted">
                <time dateTime={c.started_at} title={formatDateTimeZone(Date.parse(c.started_at))}>
                  {formatAgo(Date.parse(c.started_at))}
                </time>
              </td>
              <td role="cell" className="num text-right">
                {formatRate(c.messages_per_minute)}
                <span className="text-muted sm:sr-only"> {t.home.perMinute}</span>
              </td>
              <td role="cell" className="num text-right">
                {formatCount(c.total)}
                <span className="text-muted sm:sr-only"> {t.home.messages}</span>
              </td>
              <td role="cell" className="num text-right max-sm:sr-only">
                {formatCount(c.viewers)}
              </td>
              <td role="cell" className="max-w-64 wrap-anywhere text-muted max-sm:w-full">
                {c.holders.length === 0
                  ? texts.noHolder
                  : c.holders.map((h) => h.name || h.email || texts.guests).join(', ')}
              </td>
              <td role="cell" className="py-1! text-right">
                <Button
                  variant="danger"
                  onClick={() => {
                    setStopping(c.channel)
                  }}
                >
                  <Square aria-hidden className="size-3 fill-current" />
                  {texts.stop}
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Card
        title={texts.sockets}
        aside={sockets.data && <span className="num font-semibold">{formatCount(sockets.data.total)}</span>}
      >
        {sockets.data === undefined ? (
          sockets.isError ? (
            <ErrorState error={sockets.error} onRetry={() => void sockets.refetch()} />
          ) : (
            <Loading className="p-3" />
          )
        ) : sockets.data.total === 0 ? (
          <p className="text-muted">{texts.noSockets}</p>
        ) : (
          <ul className="max-w-md">
            {sockets.data.by_user.map((u) => (
              <li key={u.user_id} className="flex justify-between gap-3 py-0.5">
                <span className="min-w-0 truncate">{u.name || u.email || texts.guests}</span>
                <span className="num text-muted">{formatCount(u.count)}</span>
              </li>
            ))}
          </ul>
        )}
      </Card>
      <ConfirmDialog
        open={stopping !== undefined}
        title={texts.stopTitle(stopping ?? '')}
        text={texts.stopText}
        confirm={texts.stop}
        onClose={() => {
          setStopping(undefined)
        }}
        run={async () => {
          await admin.stopChannel(stopping ?? '')
          toast.done(texts.stopped)
          await queries.invalidateQueries({ queryKey: ['admin'] })
        }}
      />
    </>
  )
}
