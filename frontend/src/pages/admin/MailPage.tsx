import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { admin, type QueuedMail } from '../../api/admin'
import { FormError, TextField } from '../../components/form/fields'
import { ErrorState, Loading } from '../../components/states'
import { Button, Card } from '../../components/ui'
import { useAuth } from '../../contexts/auth'
import { useTitle } from '../../hooks/useTitle'
import { t } from '../../i18n'
import { formatAgo, formatCount, formatDateTime } from '../../lib/format'
import { toast } from '../../lib/toast'

const texts = t.admin.mail
const key = ['admin', 'mail']

/** `/admin/mail`: the outbox. */
export default function MailPage() {
  useTitle(t.admin.places.mail)
  const mail = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => admin.mail(signal),
    refetchInterval: 5000,
  })
  return (
    <>
      <header>
        <h1 className="text-xl font-semibold tracking-tight">{t.admin.places.mail}</h1>
        <p className="text-muted">{texts.lead}</p>
      </header>
      <TestMail />
      {mail.isError && <ErrorState error={mail.error} onRetry={() => void mail.refetch()} />}
      {mail.data === undefined ? (
        mail.isError ? null : (
          <Loading />
        )
      ) : (
        <>
          <Queue title={texts.waiting} none={texts.noneWaiting} mails={mail.data.waiting} />
          <Queue title={texts.dead} none={texts.noneDead} mails={mail.data.dead} />
        </>
      )}
    </>
  )
}

function Queue({ title, none, mails }: { title: string; none: string; mails: readonly QueuedMail[] }) {
  const queries = useQueryClient()
  const retry = useMutation({
    mutationFn: admin.retryMail,
    onSuccess: async () => {
      toast.done(texts.retried)
      await queries.invalidateQueries({ queryKey: key })
    },
    onError: (error) => {
      toast.bad(texts.retry, error.message)
    },
  })
  return (
    <Card title={title} aside={<span className="num font-semibold">{formatCount(mails.length)}</span>}>
      {mails.length === 0 ? (
        <p className="text-muted">{none}</p>
      ) : (
        <ul>
          {mails.map((m) => (
            <li
              key={m.id}
              className="flex flex-wrap items-center gap-x-4 gap-y-1 border-line py-2 not-last:border-b"
            >
              <div className="min-w-0 flex-1 basis-64">
                <p className="font-medium wrap-anywhere">{m.subject}</p>
                <p className="num text-xs wrap-anywhere text-muted">
                  {m.to} · {formatDateTime(Date.parse(m.created_at))} · {texts.tries(m.attempts)}
                  {m.next_at !== undefined && ` · ${texts.next(formatAgo(Date.parse(m.next_at)))}`}
                </p>
                {m.reason !== '' && <p className="text-xs wrap-anywhere text-bad">{m.reason}</p>}
              </div>
              <Button
                disabled={retry.isPending}
                onClick={() => {
                  retry.mutate(m.id)
                }}
              >
                {texts.retry}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}

function TestMail() {
  const { user } = useAuth()
  const [to, setTo] = useState(user?.email ?? '')
  const test = useMutation({
    mutationFn: () => admin.testMail(to.trim()),
    onSuccess: (told) => {
      toast.done(texts.tested, told.message)
    },
  })
  return (
    <Card title={texts.test}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          test.mutate()
        }}
        className="flex max-w-lg flex-col gap-3"
      >
        <div className="flex flex-wrap items-end gap-3">
          <TextField
            label={texts.testTo}
            type="email"
            className="flex-1 basis-56"
            value={to}
            onChange={(event) => {
              setTo(event.target.value)
            }}
          />
          <Button type="submit" className="min-h-9" disabled={test.isPending || to.trim() === ''}>
            {test.isPending ? t.form.working : texts.test}
          </Button>
        </div>
        <FormError message={test.error?.message} />
      </form>
    </Card>
  )
}
