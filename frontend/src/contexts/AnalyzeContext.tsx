import { useCallback, useEffect, useMemo, type ReactNode } from 'react'
import { api, liveURL } from '../api/client'
import { useWebSocketConnection } from '../hooks/useWebSocketConnection'
import { exposeForTests } from '../lib/debug'
import type { ServerFrame } from '../live/protocol'
import { LiveStore } from '../live/store'
import { AnalyzeContext } from './analyze'

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
      if (frame.type === 'hello' && !store.timeline.isFine) void refine(store, channel)
    },
    [store, channel],
  )
  const since = useCallback(() => store.since(), [store])
  const { link, retry } = useWebSocketConnection(liveURL(channel), onFrame, since)

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

/** A long session arrives in steps of minutes: asks for the last ten by the second. */
async function refine(store: LiveStore, channel: string): Promise<void> {
  try {
    const from = new Date(Date.now() + store.getState().clockOffset - 10 * 60_000)
    store.refineTimeline(await api.timeline(channel, 1, from, AbortSignal.timeout(10_000)))
  } catch {
    // The plot stays coarse for its older part; seconds are drawn from now on.
  }
}
