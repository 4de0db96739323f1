import { CircleAlert, CircleCheck, TriangleAlert, X } from 'lucide-react'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { t } from '../i18n'
import { cx } from '../lib/cx'
import { toast, type Toast } from '../lib/toast'
import { IconButton } from './ui'

const icons = { done: CircleCheck, warn: TriangleAlert, bad: CircleAlert }
const tones = { done: 'text-ok', warn: 'text-warn', bad: 'text-bad' }
/** How long a message stays, ms; a failure stays until it is closed. */
const stay = { done: 5000, warn: 10_000, bad: Infinity }

/** Where toasts appear; screen readers read them out as they come. */
export function Toaster() {
  const toasts = useSyncExternalStore(toast.subscribe, toast.list)
  return (
    <div
      role="region"
      aria-label={t.common.messages}
      className="pointer-events-none fixed inset-x-0 bottom-0 z-30 flex flex-col items-end gap-2 p-3 sm:p-4"
    >
      <div role="status" aria-live="polite" className="contents">
        {toasts.map((entry) => (
          <ToastCard key={entry.id} entry={entry} />
        ))}
      </div>
    </div>
  )
}

function ToastCard({ entry }: { entry: Toast }) {
  const [held, setHeld] = useState(false)
  const Icon = icons[entry.kind]
  const time = stay[entry.kind]
  useEffect(() => {
    if (held || time === Infinity) return
    const id = setTimeout(() => {
      toast.dismiss(entry.id)
    }, time)
    return () => {
      clearTimeout(id)
    }
  }, [held, time, entry.id])
  const hold = (on: boolean) => () => {
    setHeld(on)
  }
  return (
    <div
      onPointerEnter={hold(true)}
      onPointerLeave={hold(false)}
      onFocus={hold(true)}
      onBlur={hold(false)}
      className="pointer-events-auto flex w-full max-w-sm items-start gap-2.5 rounded-lg border border-line bg-surface py-2 pr-1.5 pl-3 shadow-float"
    >
      <Icon aria-hidden className={cx('mt-1.5 size-4 shrink-0', tones[entry.kind])} />
      <div className="min-w-0 flex-1 py-1">
        <p className="font-medium wrap-anywhere">{entry.title}</p>
        {entry.text !== undefined && <p className="wrap-anywhere text-muted">{entry.text}</p>}
      </div>
      <IconButton
        label={t.common.close}
        onClick={() => {
          toast.dismiss(entry.id)
        }}
      >
        <X aria-hidden className="size-4" />
      </IconButton>
    </div>
  )
}
