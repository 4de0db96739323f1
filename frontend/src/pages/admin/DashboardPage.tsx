import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { CircleCheck, CircleX } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { Link } from 'react-router'
import { admin, type Check, type Overview, type UsageDay } from '../../api/admin'
import { DayBars } from '../../components/admin/DayBars'
import { Doctor } from '../../components/admin/Doctor'
import { Kept } from '../../components/admin/Kept'
import { ErrorState, Loading } from '../../components/states'
import { Card, Segmented } from '../../components/ui'
import { useTitle } from '../../hooks/useTitle'
import { t } from '../../i18n'
import { formatCount, formatDuration, formatShort } from '../../lib/format'

const texts = t.admin.overview
const shown = ['sign_ins', 'failed_sign_ins', 'registrations', 'started', 'saved', 'messages'] as const

/** `/admin/dashboard` */
export default function DashboardPage() {
  useTitle(t.admin.title)
  const [days, setDays] = useState<'7' | '30' | '90'>('30')
  const overview = useQuery({
    queryKey: ['admin', 'overview'],
    queryFn: ({ signal }) => admin.overview(signal),
    refetchInterval: 5000,
  })
  const usage = useQuery({
    queryKey: ['admin', 'usage', days],
    queryFn: ({ signal }) => admin.usage(Number(days), signal),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  })
  const sorted = [...(usage.data ?? [])].sort((a, b) => (a.day < b.day ? -1 : 1))
  return (
    <>
      <h1 className="sr-only">{t.admin.title}</h1>
      {overview.data !== undefined ? (
        <Figures overview={overview.data} />
      ) : overview.isError ? (
        <ErrorState error={overview.error} onRetry={() => void overview.refetch()} />
      ) : (
        <Loading className="lg:min-h-46" />
      )}
      <Doctor />
      <Kept />
      <div className="flex flex-wrap items-center justify-between gap-3 pt-2">
        <h2 className="font-medium">{texts.usage}</h2>
        <Segmented
          label={texts.days}
          value={days}
          options={(['7', '30', '90'] as const).map((v) => ({ value: v, label: v }))}
          onChange={setDays}
        />
      </div>
      {usage.data !== undefined ? (
        <div className="grid grid-cols-1 gap-3 sm:grid-cols-2 lg:grid-cols-3">
          {shown.map((key) => (
            <DayBars
              key={key}
              name={texts.series[key]}
              days={sorted.map((d: UsageDay) => ({ day: d.day, value: d[key] }))}
              bad={key === 'failed_sign_ins'}
            />
          ))}
        </div>
      ) : usage.isError ? (
        <ErrorState error={usage.error} onRetry={() => void usage.refetch()} />
      ) : (
        <Loading />
      )}
    </>
  )
}

function Figures({ overview: o }: { overview: Overview }) {
  return (
    <div className="grid grid-cols-2 gap-3 lg:grid-cols-5">
      <Figure title={texts.users} value={formatCount(o.users.total)} to="/admin/users">
        {texts.active(formatCount(o.users.active))}
        <br />
        {texts.admins(formatCount(o.users.admins))}
      </Figure>
      <Figure title={texts.comments} value={formatShort(o.messages)}>
        {texts.saved(formatCount(o.saved))}
      </Figure>
      <Figure title={texts.running} value={formatCount(o.channels.running)} to="/admin/channels">
        {o.channels.limit > 0 ? texts.of(formatCount(o.channels.limit)) : texts.noLimit}
        <br />
        {texts.sockets(formatCount(o.sockets))}
      </Figure>
      <Figure title={texts.mail} value={`${formatCount(o.mail.waiting)} ${texts.waiting}`} to="/admin/mail">
        {texts.by[o.mail_by]}
        {o.mail.dead > 0 && (
          <>
            <br />
            <span className="text-bad">{texts.dead(formatCount(o.mail.dead))}</span>
          </>
        )}
      </Figure>
      <Card title={texts.health} className="col-span-2 lg:col-span-1">
        <ul className="flex flex-col gap-0.5">
          {Object.entries({ store: o.store, ...o.checks }).map(([name, check]) => (
            <CheckRow key={name} name={name} check={check} />
          ))}
        </ul>
        <p className="mt-1.5 text-xs text-muted">
          {t.about.version(o.version)} ·{' '}
          <span className="whitespace-nowrap">{texts.uptime(formatDuration(o.uptime))}</span>
        </p>
      </Card>
    </div>
  )
}

function Figure({
  title,
  value,
  to,
  children,
}: {
  title: string
  value: string
  to?: string
  children: ReactNode
}) {
  return (
    <Card
      title={
        to === undefined ? (
          title
        ) : (
          <Link to={to} className="hover:text-text hover:underline">
            {title}
          </Link>
        )
      }
    >
      <p className="num text-2xl font-semibold tracking-tight">{value}</p>
      <p className="num text-xs text-muted">{children}</p>
    </Card>
  )
}

function CheckRow({ name, check }: { name: string; check: Check }) {
  const up = check.status === 'up'
  const Icon = up ? CircleCheck : CircleX
  const detail = check.detail === undefined ? undefined : t.admin.doctor.says(check.detail)
  return (
    <li className="flex items-center gap-1.5">
      <Icon aria-hidden className={up ? 'size-3.5 text-ok' : 'size-3.5 text-bad'} />
      {/* A part that the catalogue lacks is English. */}
      <span
        lang={texts.parts[name] === undefined ? 'en' : undefined}
        title={detail}
        className="min-w-0 flex-1 truncate"
      >
        {texts.parts[name] ?? name}
      </span>
      <span className={up ? 'text-xs text-muted' : 'text-xs text-bad'}>{up ? texts.up : texts.down}</span>
    </li>
  )
}
