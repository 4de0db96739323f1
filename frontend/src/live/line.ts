import { CloseCode, subprotocol } from './protocol'
import { EventReader } from './eventReader'

/** What carries frames: a WebSocket, or an event stream where WebSockets do not get through. */
export type Via = 'socket' | 'events'

/** One attempt to reach the server, and what comes of it. */
export interface Line {
  readonly via: Via
  /** Leaves; nothing is told any more. */
  close: () => void
}

export interface LineEvents {
  /** The line stands; nothing was said on it yet. */
  onOpen: () => void
  /** One frame. */
  onText: (text: string) => void
  /** Anything at all arrived, so the line lives. */
  onLife: () => void
  /** The line is over. Codes are those of the WebSocket, also where an event stream ended for the same reason. */
  onClosed: (code: number) => void
}

/** A line that broke or never stood. */
const broken = 1006

/** Opens a WebSocket; `token` is sent first where there is one. */
export function openSocket(url: string, token: string | null, events: LineEvents): SocketLine {
  const socket = new WebSocket(url, subprotocol)
  socket.onopen = () => {
    if (token !== null) send(token)
    events.onOpen()
  }
  socket.onmessage = (event: MessageEvent<unknown>) => {
    events.onLife()
    if (typeof event.data === 'string') events.onText(event.data)
  }
  socket.onclose = (event) => {
    events.onClosed(event.code)
  }
  const send = (value: string) => {
    socket.send(JSON.stringify({ type: 'auth', token: value }))
  }
  return {
    via: 'socket',
    authenticate: (value) => {
      if (socket.readyState === socket.OPEN) send(value)
    },
    close: () => {
      socket.onopen = socket.onmessage = socket.onclose = null
      socket.close(CloseCode.ended)
    },
  }
}

export interface SocketLine extends Line {
  /** Shows the server a newer token; the stream goes on. */
  authenticate: (token: string) => void
}

/** Sends a request; the page's own way to the API, which renews a sign-in that has run out. */
export type Fetch = (request: Request) => Promise<Response>

/**
 * Opens an event stream by fetch: unlike EventSource it tells why the server
 * refuses, and can carry a token.
 */
export function openEvents(fetch: Fetch, url: string, since: string | undefined, events: LineEvents): Line {
  const leave = new AbortController()
  const headers: Record<string, string> = { Accept: 'text/event-stream' }
  if (since !== undefined) headers['Last-Event-ID'] = since
  const run = async (): Promise<number> => {
    const response = await fetch(new Request(url, { headers, signal: leave.signal, cache: 'no-store' }))
    const kind = response.headers.get('Content-Type') ?? ''
    if (!response.ok) {
      void response.body?.cancel()
      return codeOf(response.status)
    }
    if (response.body === null || !kind.startsWith('text/event-stream')) return broken
    events.onOpen()
    const reader = new EventReader()
    const chunks = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { done, value } = await chunks.read()
      if (done) return broken
      if (leave.signal.aborted) return broken
      events.onLife()
      for (const data of reader.push(value)) events.onText(data)
    }
  }
  run()
    .catch(() => broken)
    .then((code) => {
      if (leave.signal.aborted) return
      leave.abort()
      events.onClosed(code)
    })
    .catch((error: unknown) => {
      reportError(error)
    })
  return {
    via: 'events',
    close: () => {
      leave.abort()
    },
  }
}

const codes: Partial<Record<number, number>> = {
  401: CloseCode.signedOut,
  403: CloseCode.forbidden,
  404: CloseCode.notAnalysed,
  429: CloseCode.tooMany,
  503: CloseCode.restarting,
}

const codeOf = (status: number): number => codes[status] ?? broken
