import {
  openEvents,
  openSocket,
  type Fetch,
  type Line,
  type LineEvents,
  type SocketLine,
  type Via,
} from './line'
import { CloseCode, parseFrame, type ServerFrame } from './protocol'

/** Where the page's link to the server stands. (The server's own link to Twitch is another matter.) */
export type Link =
  | { state: 'connecting'; attempt: number }
  | { state: 'open'; via: Via }
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
  /** The same as an event stream, for networks that let no WebSocket through. Without it there are only WebSockets. */
  events?: { url: string; fetch: Fetch }
  /** Whether WebSockets get through, as far as other links of this page know. */
  memory?: LinkMemory
  /** Signs the socket in by a token, where no cookie does. */
  auth?: LiveAuth
  /** 0…1, for the jitter; Math.random unless given. */
  random?: () => number
  timing?: Partial<Timing>
}

/** What links of one page tell each other. */
export interface LinkMemory {
  /** No WebSocket gets through from here, but event streams do. */
  blocked: boolean
}

/** A sign-in by tokens. */
export interface LiveAuth {
  /** The token; null where nobody is signed in. */
  token: () => string | null
  /** Gets a newer one: 'refused' where the sign-in is over, 'away' where that cannot be told now. */
  renew: () => Promise<'renewed' | 'refused' | 'away'>
  /** Calls back with each new token until what it returns is called. */
  subscribe: (told: (token: string) => void) => () => void
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
  /** How long the attempt of a WebSocket may take where there is an event stream besides, ms. */
  socketTimeout: number
  /** A link that lasted so long, ms, was good: the next failure starts at the shortest wait again. */
  settled: number
  /** On an event stream, after so long, ms, a WebSocket is tried again. It doubles with each failure … */
  socketRetry: number
  /** … up to this. */
  maxSocketRetry: number
}

/**
 * So many WebSockets in a row must fail to open before an event stream is tried:
 * one where none ever opened (something refuses the upgrade), more where they
 * did (the server may be starting).
 */
const patience = { untried: 1, proven: 3 }

const defaultTiming: Timing = {
  baseDelay: 1000,
  maxDelay: 30_000,
  crowdedDelay: 30_000,
  silence: 40_000,
  connectTimeout: 15_000,
  socketTimeout: 6000,
  settled: 5000,
  socketRetry: 60_000,
  maxSocketRetry: 900_000,
}

/**
 * One channel's live link: connects, resumes where it stopped, watches for
 * silence, and tries again with growing waits. Where WebSockets do not get
 * through it goes over an event stream, and back when they do. All of it
 * outside React.
 */
export class LiveConnection {
  private line: Line | SocketLine | undefined
  /** A WebSocket that is tried beside a working event stream. */
  private probe: Line | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  private probeTimer: ReturnType<typeof setTimeout> | undefined
  private watchdog: ReturnType<typeof setTimeout> | undefined
  private failures = 0
  /** WebSockets in a row that did not get as far as a hello. */
  private socketFailures = 0
  private socketWorked = false
  private probes = 0
  private openedAt = 0
  private running = false
  private stoppedByPerson = false
  private renewedFor: string | undefined
  private unsubscribe: () => void = () => undefined
  private link: Link = { state: 'connecting', attempt: 0 }
  private last: { via: Via; greeted: boolean } = { via: 'socket', greeted: false }
  private readonly timing: Timing
  private readonly memory: LinkMemory

  constructor(private readonly options: ConnectionOptions) {
    this.timing = { ...defaultTiming, ...options.timing }
    this.memory = options.memory ?? { blocked: false }
  }

  start(): void {
    if (this.running) return
    this.running = true
    this.stoppedByPerson = false
    window.addEventListener('online', this.onOnline)
    window.addEventListener('offline', this.onOffline)
    document.addEventListener('visibilitychange', this.onVisible)
    this.unsubscribe =
      this.options.auth?.subscribe((token) => {
        if (this.line !== undefined && 'authenticate' in this.line) this.line.authenticate(token)
      }) ?? this.unsubscribe
    this.connect()
  }

  /** Leaves the channel. The analysis goes on without this page. */
  stop(): void {
    if (!this.running) return
    this.running = false
    window.removeEventListener('online', this.onOnline)
    window.removeEventListener('offline', this.onOffline)
    document.removeEventListener('visibilitychange', this.onVisible)
    this.unsubscribe()
    this.dropLine()
    clearTimeout(this.timer)
    this.setLink({ state: 'closed', reason: 'left' })
  }

  /** Tries at once, whatever the state. */
  retry(): void {
    if (!this.running || this.link.state === 'open') return
    this.stoppedByPerson = false
    this.dropLine()
    this.connect()
  }

  private connect(): void {
    clearTimeout(this.timer)
    if (!navigator.onLine) {
      this.setLink({ state: 'offline' })
      return
    }
    this.openedAt = 0
    this.setLink({ state: 'connecting', attempt: this.failures })
    const via = this.choose()
    this.last = { via, greeted: false }
    const { connectTimeout, socketTimeout, silence } = this.timing
    const patient = via === 'events' || this.options.events === undefined
    this.watch(patient ? connectTimeout : Math.min(socketTimeout, connectTimeout), () => {
      this.dropLine()
      this.failed('unreachable')
    })
    this.line = this.open(via, {
      onOpen: () => {
        this.openedAt = Date.now()
      },
      onLife: () => {
        if (via === 'events' && !this.last.greeted) return
        this.watch(silence, () => {
          this.dropLine()
          this.wait('silent')
        })
      },
      onText: (text) => {
        this.onText(via, text)
      },
      onClosed: (code) => {
        this.onClosed(code)
      },
    })
  }

  /** What to try next. */
  private choose(): Via {
    if (this.options.events === undefined) return 'socket'
    const enough = this.memory.blocked ? 0 : this.socketWorked ? patience.proven : patience.untried
    if (this.socketFailures < enough) return 'socket'
    // While neither gets through, they take turns.
    return this.last.via === 'events' && !this.last.greeted ? 'socket' : 'events'
  }

  private open(via: Via, events: LineEvents): Line | SocketLine {
    const { options } = this
    const since = options.since?.()
    if (via === 'events' && options.events !== undefined)
      return openEvents(options.events.fetch, options.events.url, since, events)
    const query = since === undefined ? '' : `?since=${encodeURIComponent(since)}`
    return openSocket(options.url + query, options.auth?.token() ?? null, events)
  }

  private onText(via: Via, text: string): void {
    const frame = parseFrame(text)
    if (!this.last.greeted) {
      // The first frame is always a hello. Another one comes from a server of
      // another version, and nothing that follows would make sense. An event
      // stream says first that it stands, in the older dialect.
      if (frame === undefined && via === 'events') return
      if (frame?.type !== 'hello') {
        this.dropLine()
        this.end('protocol')
        return
      }
      this.greeted(via)
    }
    if (frame === undefined) return
    if (frame.type === 'stopped') this.stoppedByPerson = true
    this.options.onFrame(frame)
  }

  private greeted(via: Via): void {
    this.last = { via, greeted: true }
    this.renewedFor = undefined
    if (via === 'socket') {
      this.socketWorked = true
      this.socketFailures = 0
      this.memory.blocked = false
    } else {
      this.memory.blocked = true
      this.probes = 0
      this.probeLater()
    }
    this.setLink({ state: 'open', via })
  }

  private probeLater(): void {
    clearTimeout(this.probeTimer)
    const { socketRetry, maxSocketRetry } = this.timing
    this.probeTimer = setTimeout(
      () => {
        this.probeSocket()
      },
      Math.min(maxSocketRetry, socketRetry * 2 ** this.probes++),
    )
  }

  /** Tries a WebSocket beside the event stream, and changes over when it greets. */
  private probeSocket(): void {
    let taken = false
    const giveUp = () => {
      line.close()
      this.probe = undefined
      this.probeLater()
    }
    this.probeTimer = setTimeout(giveUp, this.timing.socketTimeout)
    const line = this.open('socket', {
      onOpen: () => undefined,
      onLife: () => {
        if (!taken) return
        this.watch(this.timing.silence, () => {
          this.dropLine()
          this.wait('silent')
        })
      },
      onText: (text) => {
        if (!taken) {
          if (parseFrame(text)?.type !== 'hello') return
          taken = true
          this.probe = undefined
          clearTimeout(this.probeTimer)
          this.line?.close()
          this.line = line
          this.openedAt = Date.now()
          this.last = { via: 'socket', greeted: false }
        }
        this.onText('socket', text)
      },
      onClosed: (code) => {
        if (taken) this.onClosed(code)
        else {
          clearTimeout(this.probeTimer)
          giveUp()
        }
      },
    })
    this.probe = line
  }

  private onClosed(code: number): void {
    this.dropLine()
    const { greeted } = this.last
    const lasted = this.openedAt > 0 ? Date.now() - this.openedAt : 0
    const wasOpen = this.openedAt > 0
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
        void this.signInAgain()
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
        if (greeted) this.wait('lost')
        else this.failed(wasOpen ? 'lost' : 'unreachable')
    }
  }

  /** A line did not get as far as a hello. */
  private failed(reason: LinkReason): void {
    if (this.last.via === 'socket') {
      this.socketFailures++
      if (this.choose() === 'events') {
        // The event stream tells at once whether it is the server or only the WebSocket.
        this.connect()
        return
      }
    }
    this.wait(reason)
  }

  /** A token has run out: with a newer one the stream goes on where it stopped. */
  private async signInAgain(): Promise<void> {
    const { auth } = this.options
    const token = auth?.token() ?? null
    if (auth === undefined || token === null || token === this.renewedFor) {
      this.end('signed-out')
      return
    }
    this.setLink({ state: 'connecting', attempt: this.failures })
    const came = await auth.renew()
    // Meanwhile somebody may have left, or tried again by hand.
    if (!this.running || this.line !== undefined) return
    if (came === 'refused') {
      this.end('signed-out')
    } else if (came === 'away') {
      this.wait('unreachable')
    } else {
      this.renewedFor = auth.token() ?? undefined
      this.connect()
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

  /** Gives the line up when nothing arrives in time. */
  private watch(ms: number, giveUp: () => void): void {
    clearTimeout(this.watchdog)
    this.watchdog = setTimeout(giveUp, ms)
  }

  private dropLine(): void {
    clearTimeout(this.watchdog)
    clearTimeout(this.probeTimer)
    this.probe?.close()
    this.probe = undefined
    this.line?.close()
    this.line = undefined
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
