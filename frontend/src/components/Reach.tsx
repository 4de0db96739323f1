import { useQueryClient } from '@tanstack/react-query'
import { CloudOff, WifiOff } from 'lucide-react'
import { useEffect, useSyncExternalStore } from 'react'
import { apiURL, reachability } from '../api/transport'
import { t } from '../i18n'

const askEvery = 3000

const subscribeOnline = (listener: () => void) => {
  window.addEventListener('online', listener)
  window.addEventListener('offline', listener)
  return () => {
    window.removeEventListener('online', listener)
    window.removeEventListener('offline', listener)
  }
}

/** Says when the server or the network is away, and tries again until it is back. */
export function Reach() {
  const away = useSyncExternalStore(reachability.subscribe, reachability.away)
  const online = useSyncExternalStore(subscribeOnline, () => navigator.onLine)
  const queries = useQueryClient()

  useEffect(() => {
    if (!away) return
    const abort = new AbortController()
    const id = setInterval(() => {
      // Through the bare fetch: this call alone decides whether the server is back.
      fetch(apiURL('/health/live'), { signal: abort.signal })
        .then((response) => {
          if (!response.ok) return
          reachability.back()
          void queries.invalidateQueries({ predicate: (q) => q.state.status === 'error' || q.isStale() })
        })
        .catch(() => undefined)
    }, askEvery)
    return () => {
      clearInterval(id)
      abort.abort()
    }
  }, [away, queries])

  if (!away && online) return null
  const Icon = away && online ? CloudOff : WifiOff
  return (
    <div className="pointer-events-none fixed inset-x-0 bottom-0 z-20 flex justify-center p-3">
      <p
        role="status"
        className="pointer-events-auto flex items-center gap-2.5 rounded-lg border border-warn bg-warn-soft px-3.5 py-2 shadow-float"
      >
        <Icon aria-hidden className="size-4 shrink-0 text-warn" />
        {away && online ? t.app.away : t.app.offline}
      </p>
    </div>
  )
}
