import { useQuery } from '@tanstack/react-query'
import { Plus, X } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import { channelsQuery } from '../api/queries'
import { useAnalyze, useLive } from '../contexts/analyze'
import { AnalyzeProvider } from '../contexts/AnalyzeContext'
import { CompactView } from '../components/live/CompactView'
import { StartButton } from '../components/live/StartButton'
import { TimelinePlot } from '../components/plot/TimelinePlot'
import { inputClass } from '../components/form/fields'
import { EmptyState } from '../components/states'
import { Button, IconButton } from '../components/ui'
import { useNow } from '../hooks/useNow'
import { useAddress } from '../hooks/useAddress'
import { useTitle } from '../hooks/useTitle'
import { t } from '../i18n'
import { cleanChannel } from '../lib/channel'

const most = 9
/** Seconds shown of each channel. */
const span = 600

/** `/multi?c=one,two`: several channels side by side. */
export default function MultiPage() {
  useTitle(t.multi.title)
  const [params, change] = useAddress()
  const channels = [
    ...new Set(
      (params.get('c') ?? '')
        .split(',')
        .map((name) => cleanChannel(name))
        .filter((name) => name !== undefined),
    ),
  ].slice(0, most)
  const put = (next: readonly string[]) => {
    change({ c: next.join(',') })
  }
  return (
    <div className="flex w-full flex-col gap-3 p-3">
      <header className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-xl font-semibold tracking-tight">{t.multi.title}</h1>
        {channels.length < most && (
          <Add
            have={channels}
            onAdd={(name) => {
              put([...channels, name])
            }}
          />
        )}
      </header>
      {channels.length === 0 ? (
        <EmptyState part heading={t.multi.empty} text={t.multi.emptyText} />
      ) : (
        <ul className="grid grid-cols-1 gap-3 md:grid-cols-2 2xl:grid-cols-3">
          {channels.map((channel) => (
            <li key={channel} className="min-w-0 rounded-lg border border-line bg-surface">
              <AnalyzeProvider channel={channel}>
                <Pane
                  onClose={() => {
                    put(channels.filter((c) => c !== channel))
                  }}
                />
              </AnalyzeProvider>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function Pane({ onClose }: { onClose: () => void }) {
  const { channel, link } = useAnalyze()
  const ready = useLive((s) => s.ready)
  const ended = !ready && link.state === 'closed' && link.reason !== 'left'
  return (
    <section aria-label={channel} className="flex flex-col">
      <header className="flex items-center justify-between gap-2 border-b border-line py-1 pr-1 pl-3">
        <h2 className="min-w-0 truncate font-semibold">
          <Link to={`/analyze/${channel}`} className="hover:underline">
            {channel}
          </Link>
        </h2>
        <IconButton label={t.multi.remove(channel)} onClick={onClose}>
          <X aria-hidden className="size-4" />
        </IconButton>
      </header>
      {ended ? (
        <div className="flex flex-col items-center gap-3 p-8 text-center text-muted">
          <p>{t.live.ended['not-analysed'].heading(channel)}</p>
          <StartButton label={t.live.start} />
        </div>
      ) : (
        <>
          <CompactView heading={false} />
          <Course />
        </>
      )}
    </section>
  )
}

function Course() {
  const { channel } = useAnalyze()
  const timeline = useLive((s) => s.timeline)
  const offset = useLive((s) => s.clockOffset)
  const startedAt = useLive((s) => s.startedAt)
  const gaps = useLive((s) => s.gaps)
  const marks = useLive((s) => s.marks)
  const moments = useLive((s) => s.moments)
  const now = useNow(1000)
  const to = Math.floor((now + offset) / 1000)
  const from = Math.min(to - 60, Math.max(to - span, Math.floor(startedAt / 1000)))
  const events = { gaps, marks, moments }
  return (
    <figure role="img" aria-label={`${t.plot.title}: ${channel}`} className="px-2 pb-2">
      <TimelinePlot series={timeline.model.series(from, to, 5, gaps)} events={events} to={to} height={180} />
    </figure>
  )
}

function Add({ have, onAdd }: { have: readonly string[]; onAdd: (channel: string) => void }) {
  const running = useQuery(channelsQuery)
  const [text, setText] = useState('')
  const channel = cleanChannel(text)
  const others = (running.data ?? []).map((c) => c.channel).filter((c) => !have.includes(c))
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (channel === undefined || have.includes(channel)) return
        onAdd(channel)
        setText('')
      }}
      className="flex gap-1.5"
    >
      <input
        value={text}
        list="multi-channels"
        onChange={(event) => {
          setText(event.target.value)
        }}
        aria-label={t.home.field}
        placeholder={t.home.placeholder}
        autoCapitalize="none"
        autoComplete="off"
        spellCheck={false}
        className={`${inputClass} w-56`}
      />
      <datalist id="multi-channels">
        {others.map((c) => (
          <option key={c} value={c} />
        ))}
      </datalist>
      <Button type="submit" className="min-h-9" disabled={channel === undefined}>
        <Plus aria-hidden className="size-4" />
        {t.multi.add}
      </Button>
    </form>
  )
}
