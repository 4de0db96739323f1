import { CircleAlert, CircleSlash, Info, WifiOff, type LucideIcon } from 'lucide-react'
import { useAnalyze, useLive } from '../../contexts/analyze'
import { t } from '../../i18n'
import { cx } from '../../lib/cx'
import { Button } from '../ui'

/** What stands between the page and live chat, in a sentence. Nothing while all is well. */
export function LinkBanner() {
  const { link, retry } = useAnalyze()
  const status = useLive((s) => s.status)
  const stopped = useLive((s) => s.stopped)
  const shed = useLive((s) => s.shed)

  if (stopped) return <Banner icon={CircleSlash} tone="idle" text={t.live.stopped} />
  switch (link.state) {
    case 'waiting':
      return (
        <Banner
          icon={CircleAlert}
          tone="warn"
          text={`${t.live.linkReason[link.reason]} ${t.live.keepsGoing}`}
        >
          <Button onClick={retry}>{t.live.retryNow}</Button>
        </Banner>
      )
    case 'offline':
      return <Banner icon={WifiOff} tone="warn" text={t.live.offline} />
    case 'closed': {
      if (link.reason === 'left') return null
      if (link.reason === 'stopped') return <Banner icon={CircleSlash} tone="idle" text={t.live.stopped} />
      const { heading, text } = t.live.ended[link.reason]
      return (
        <Banner icon={CircleAlert} tone="bad" text={`${heading('')}. ${text}`}>
          <Button onClick={retry}>{t.common.retry}</Button>
        </Banner>
      )
    }
    case 'connecting':
    case 'open':
      break
  }
  if (status?.state === 'failed') {
    return (
      <Banner
        icon={CircleAlert}
        tone="bad"
        text={sentence(status.reason, t.live.twitchFailed, t.live.twitchRetry)}
      />
    )
  }
  if (status?.state === 'reconnecting') {
    return <Banner icon={CircleAlert} tone="warn" text={sentence(status.reason, t.live.twitchLost)} />
  }
  if (status?.state === 'connecting' && status.code !== undefined && status.code !== '') {
    return <Banner icon={CircleAlert} tone="warn" text={sentence(status.reason, t.live.twitchJoining)} />
  }
  if (shed.unshown + shed.unjudged > 0) {
    const text = [
      shed.unshown > 0 ? t.live.unshown(shed.unshown) : '',
      shed.unjudged > 0 ? t.live.unjudged(shed.unjudged) : '',
    ]
    return <Banner icon={Info} tone="idle" text={text.join(' ').trim()} />
  }
  return null
}

/** The server's own sentence, or else ours; then what happens next, unless it says that too. */
function sentence(said: string | undefined, otherwise: string, next?: string): string {
  const text = said === undefined || said === '' ? otherwise : said
  const whole = /[.!?]$/.test(text) ? text : `${text}.`
  return next === undefined || whole.includes('tried again') ? whole : `${whole} ${next}`
}

const tones = { warn: 'bg-warn-soft', bad: 'bg-bad-soft', idle: 'bg-raised' }
const icons = { warn: 'text-warn', bad: 'text-bad', idle: 'text-muted' }

function Banner({
  icon: Icon,
  tone,
  text,
  children,
}: {
  icon: LucideIcon
  tone: keyof typeof tones
  text: string
  children?: React.ReactNode
}) {
  return (
    <div
      role="status"
      className={cx('flex flex-wrap items-center gap-x-3 gap-y-2 rounded-lg px-3 py-2', tones[tone])}
    >
      <Icon aria-hidden className={cx('size-4 shrink-0', icons[tone])} />
      <p className="min-w-0 flex-1 basis-56">{text}</p>
      {children}
    </div>
  )
}
