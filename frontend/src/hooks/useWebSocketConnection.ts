import { useCallback, useEffect, useRef, useState } from 'react'
import { LiveConnection, type ConnectionOptions, type Link } from '../live/connection'
import type { ServerFrame } from '../live/protocol'

export interface WebSocketConnection {
  link: Link
  /** Tries again at once. */
  retry: () => void
}

/**
 * Keeps a chatmood.v1 connection to `url` for as long as the component is
 * mounted: reconnects by itself, resumes at `since()`, gives silent links up,
 * and goes over an event stream where WebSockets do not get through (with
 * `options.events`). Options count as they are when the address changes.
 * Unmounting leaves; it never stops the analysis.
 */
export function useWebSocketConnection(
  url: string | undefined,
  onFrame: (frame: ServerFrame) => void,
  since?: () => string | undefined,
  options: Pick<ConnectionOptions, 'events' | 'memory' | 'auth' | 'timing'> = {},
): WebSocketConnection {
  const [link, setLink] = useState<Link>({ state: 'connecting', attempt: 0 })
  const connection = useRef<LiveConnection>(undefined)
  const latest = useRef({ onFrame, since, options })
  useEffect(() => {
    latest.current = { onFrame, since, options }
  })

  useEffect(() => {
    if (url === undefined) return
    const live = new LiveConnection({
      url,
      onFrame: (frame) => {
        latest.current.onFrame(frame)
      },
      since: () => latest.current.since?.(),
      onLink: setLink,
      ...latest.current.options,
    })
    connection.current = live
    live.start()
    return () => {
      connection.current = undefined
      live.stop()
    }
  }, [url])

  const retry = useCallback(() => {
    connection.current?.retry()
  }, [])
  return { link, retry }
}
