import { useCallback, useEffect, useMemo, type ReactNode } from 'react'
import { api, eventsURL, liveAuth, liveURL } from '../api/client'
import { apiFetch } from '../api/transport'
import { useWebSocketConnection } from '../hooks/useWebSocketConnection'
import { exposeForTests } from '../lib/debug'
import type { LinkMemory } from '../live/connection'
import type { ServerFrame } from '../live/protocol'
import { LiveStore } from '../live/store'
import { fineSpan } from '../live/timeline'
import { AnalyzeContext } from './analyze'

/** What one channel's link learnt of the way to the server holds for the next. */
const memory: LinkMemory = { blocked: false }

/**
 * Connects to a channel's live analysis and gives it to what is below. Several
 * may stand side by side. Unmounting leaves the channel; its analysis goes on
 * at the server. A change of channel needs a new provider (`key={channel}`).
 */
export function AnalyzeProvider({ channel, children }: { channel: string; children: ReactNode }) {
  const store = useMemo(() => new LiveStore(), [])
  const onFrame = useCallback(
    (frame: ServerFrame) => {
      store.apply(frame)
      if (frame.type === 'hello') void completeTimeline(store, channel)
    },
    [store, channel],
  )
  const since = useCallback(() => store.since(), [store])
  const { link, retry } = useWebSocketConnection(liveURL(channel), onFrame, since, {
    events: { url: eventsURL(channel), fetch: apiFetch },
    memory,
    ...(liveAuth === undefined ? {} : { auth: liveAuth }),
  })

  useEffect(() => {
    const hide = exposeForTests(store)
    return () => {
      hide()
      store.dispose()
    }
  }, [store])

  const value = useMemo(() => ({ channel, store, link, retry }), [channel, store, link, retry])
  return <AnalyzeContext value={value}>{children}</AnalyzeContext>
}

/**
 * Asks for what a hello leaves out of the timeline: the seconds of a long
 * session, which arrives in coarser steps, and what happened while the link
 * was broken.
 */
async function completeTimeline(store: LiveStore, channel: string): Promise<void> {
  const signal = AbortSignal.timeout(10_000)
  const now = Date.now() + store.getState().clockOffset
  try {
    const lacking = store.lacking()
    if (lacking !== undefined) {
      const from = new Date((lacking - 5) * 1000)
      // Seconds are kept for ten minutes; after a longer break the whole course comes anew.
      const short = now - from.getTime() < (fineSpan - 30) * 1000
      store.fillTimeline(
        lacking,
        await api.timeline(channel, short ? 1 : 0, short ? from : undefined, signal),
      )
    }
    if (!store.timeline.isFine) {
      store.refineTimeline(await api.timeline(channel, 1, new Date(now - fineSpan * 1000), signal))
    }
  } catch {
    // The plot keeps its hole or stays coarse there; the next hello tries again.
  }
}
