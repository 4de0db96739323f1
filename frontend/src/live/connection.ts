import { CloseCode, parseFrame, subprotocol, type ServerFrame } from './protocol'

/** Where the page's link to the server stands. (The server's own link to Twitch is another matter.) */
export type Link =
  | { state: 'connecting'; attempt: number }
  | { state: 'open' }
  /** The link broke; the next attempt is at retryAt (Unix ms, this machine's clock). */
  | { state: 'waiting'; attempt: number; retryAt: number; reason: LinkReason }
  /** The browser says that there is no network; goes on by itself when there is. */
  | { state: 'offline' }
  /** Over until [LiveConnection.retry]. */
  | { state: 'closed'; reason: EndReason }

/** Why a link broke that will be tried again. */
export type LinkReason = 'lost' | 'silent' | 'restarting' | 'slow' | 'crowded' | 'unreachable'
/** Why a link is over. */
export type EndReason = 'stopped' | 'protocol' | 'signed-out' | 'forbidden' | 'not-analysed' | 'left'

export interface ConnectionOptions {
  /** Address of the socket without the query. */
  url: string
  onFrame: (frame: ServerFrame) => void
  onLink: (link: Link) => void
  /** The value of `?since=`; asked at each attempt. */
  since?: () => string | undefined
  /** 0…1, for the jitter; Math.random unless given. */
  random?: () => number
  timing?: Partial<Timing>
}

export interface Timing {
  /** Longest wait before the first retry, ms. It doubles with each failure … */
  baseDelay: number
  /** … up to this. */
  maxDelay: number
  /** Wait after the server said that there are too many connections, ms. */
  crowdedDelay: number
  /** Without any frame for so long the link counts as dead, ms. The server sends a heartbeat after 25 s. */
  silence: number
  /** How long an attempt may take, ms. */
  connectTimeout: number
  /** A link that lasted so long, ms, was good: the next failure starts at the shortest wait again. */
  settled: number
}

const defaultTiming: Timing = {
  baseDelay: 1000,
  maxDelay: 30_000,
  crowdedDelay: 30_000,
  silence: 40_000,
  connectTimeout: 15_000,
  settled: 5000,
}

/**
 * One channel's live link: connects, resumes where it stopped, watches for
 * silence, and tries again with growing waits. All of it outside React.
 */
export class LiveConnection {
  private socket: WebSocket | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  private watchdog: ReturnType<typeof setTimeout> | undefined
  private failures = 0
  private openedAt = 0
  private running = false
  private stoppedByPerson = false
  private link: Link = { state: 'connecting', attempt: 0 }
  private readonly timing: Timing

  constructor(private readonly options: ConnectionOptions) {
    this.timing = { ...defaultTiming, ...options.timing }
  }

  start(): void {
    if (this.running) return
    this.running = true
    this.stoppedByPerson = false
    window.addEventListener('online', this.onOnline)
    window.addEventListener('offline', this.onOffline)
    document.addEventListener('visibilitychange', this.onVisible)
    this.connect()
  }

  /** Leaves the channel. The analysis goes on without this page. */
  stop(): void {
    if (!this.running) return
    this.running = false
    window.removeEventListener('online', this.onOnline)
    window.removeEventListener('offline', this.onOffline)
    document.removeEventListener('visibilitychange', this.onVisible)
    this.dropSocket(CloseCode.ended)
    clearTimeout(this.timer)
    this.setLink({ state: 'closed', reason: 'left' })
  }

  /** Tries at once, whatever the state. */
  retry(): void {
    if (!this.running || this.link.state === 'open') return
    this.stoppedByPerson = false
    this.dropSocket(CloseCode.ended)
    this.connect()
  }

  private connect(): void {
    clearTimeout(this.timer)
    if (!navigator.onLine) {
      this.setLink({ state: 'offline' })
      return
    }
    this.setLink({ state: 'connecting', attempt: this.failures })
    const since = this.options.since?.()
    const query = since === undefined ? '' : `?since=${encodeURIComponent(since)}`
    const socket = new WebSocket(this.options.url + query, subprotocol)
    this.socket = socket
    this.watch(this.timing.connectTimeout, 'unreachable')
    let greeted = false
    socket.onopen = () => {
      this.openedAt = Date.now()
    }
    socket.onmessage = (event: MessageEvent<unknown>) => {
      this.watch(this.timing.silence, 'silent')
      if (typeof event.data !== 'string') return
      const frame = parseFrame(event.data)
      if (!greeted) {
        // The first frame is always a hello. Another one comes from a server
        // of another version, and nothing that follows would make sense.
        if (frame?.type !== 'hello') {
          this.dropSocket(CloseCode.ended)
          this.end('protocol')
          return
        }
        greeted = true
        this.setLink({ state: 'open' })
      }
      if (frame === undefined) return
      if (frame.type === 'stopped') this.stoppedByPerson = true
      this.options.onFrame(frame)
    }
    socket.onclose = (event) => {
      this.onClosed(event.code)
    }
  }

  private onClosed(code: number): void {
    this.socket = undefined
    clearTimeout(this.watchdog)
    const wasOpen = this.openedAt > 0
    const lasted = wasOpen ? Date.now() - this.openedAt : 0
    this.openedAt = 0
    if (lasted >= this.timing.settled) this.failures = 0
    if (this.stoppedByPerson) {
      this.end('stopped')
      return
    }
    switch (code) {
      case CloseCode.ended:
        this.end('stopped')
        return
      case CloseCode.protocol:
        this.end('protocol')
        return
      case CloseCode.signedOut:
        this.end('signed-out')
        return
      case CloseCode.forbidden:
        this.end('forbidden')
        return
      case CloseCode.notAnalysed:
        this.end('not-analysed')
        return
      case CloseCode.tooMany:
        this.wait('crowded', this.timing.crowdedDelay)
        return
      case CloseCode.restarting:
        this.wait('restarting')
        return
      case CloseCode.slow:
        this.wait('slow')
        return
      default:
        this.wait(wasOpen ? 'lost' : 'unreachable')
    }
  }

  private wait(reason: LinkReason, least = 0): void {
    if (!navigator.onLine) {
      this.setLink({ state: 'offline' })
      return
    }
    // Full jitter over the upper half: many pages that lost the same server do
    // not come back in the same instant.
    const ceiling = Math.min(this.timing.maxDelay, this.timing.baseDelay * 2 ** this.failures)
    const delay = Math.max(least, ceiling * (0.5 + 0.5 * (this.options.random ?? Math.random)()))
    this.failures++
    this.setLink({ state: 'waiting', attempt: this.failures, retryAt: Date.now() + delay, reason })
    this.timer = setTimeout(() => {
      this.connect()
    }, delay)
  }

  private end(reason: EndReason): void {
    this.failures = 0
    clearTimeout(this.timer)
    this.setLink({ state: 'closed', reason })
  }

  /** Gives the link up when nothing arrives in time. */
  private watch(ms: number, reason: LinkReason): void {
    clearTimeout(this.watchdog)
    this.watchdog = setTimeout(() => {
      this.dropSocket(CloseCode.ended)
      this.wait(reason)
    }, ms)
  }

  private dropSocket(code: number): void {
    clearTimeout(this.watchdog)
    const socket = this.socket
    this.socket = undefined
    this.openedAt = 0
    if (socket === undefined) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close(code)
  }

  private setLink(link: Link): void {
    this.link = link
    this.options.onLink(link)
  }

  private readonly onOnline = (): void => {
    if (this.link.state === 'offline' || this.link.state === 'waiting') this.connect()
  }

  private readonly onOffline = (): void => {
    // A link to this very machine outlives the network: it is only judged by
    // its own frames. A wait for the next attempt is pointless, though.
    if (this.link.state === 'waiting') {
      clearTimeout(this.timer)
      this.setLink({ state: 'offline' })
    }
  }

  private readonly onVisible = (): void => {
    // Somebody looks again: browsers slow timers of hidden pages down.
    if (!document.hidden && this.link.state === 'waiting') {
      clearTimeout(this.timer)
      this.connect()
    }
  }
}
