import type {
  Chatters,
  Counts,
  Gap,
  Mark,
  Moment,
  Mood,
  Rate,
  Shed,
  Snapshot,
  Status,
  Term,
  Timeline,
  Wave,
} from '../api/types'
import { list } from '../lib/list'
import { Flag, type ChatMessage, type HelloFrame, type RelabelFrame, type ServerFrame } from './protocol'
import { TimelineModel, type TimelineView } from './timeline'

/** How many chat rows are kept. */
export const maxRows = 2000
/** So many new rows at once are more than anybody reads: they come in fewer steps … */
const burst = 25
/** … at least so far apart, ms. */
const burstPace = 100
/** Marks, moments and gaps kept of each kind. */
const maxEvents = 500
/** Bound of [LiveStore.held]: rows three times (held, found by id, shown), timeline, events. Lists of the top come whole. */
export const maxHeld = 3 * (maxRows + 200) + 6500 + 3 * maxEvents

/** A row of the chat list. `order` rises by one with each row. */
export type Row =
  | { kind: 'message'; key: string; order: number; message: ChatMessage; deleted: boolean }
  /** Messages that this page missed; how many is unknown (undefined) after a restart of the server. */
  | { kind: 'missed'; key: string; order: number; missed: number | undefined; why: string }
  | { kind: 'outage'; key: string; order: number; gap: Gap }
  | { kind: 'mark'; key: string; order: number; mark: Mark }

/** Everything a page shows of a running analysis. Immutable: a change makes a new one. */
export interface LiveState {
  /** False until the first hello. */
  ready: boolean
  channel: string
  sessionId: string
  startedAt: number
  /** True after a person stopped the analysis. */
  stopped: boolean
  status: Status | undefined
  counts: Counts
  /** What the server left out since it could not keep up. */
  shed: Shed
  mood: Mood
  rate: Rate
  chatters: Chatters
  terms: readonly Term[]
  emotes: readonly Term[]
  termError: number
  waves: readonly Wave[]
  gaps: readonly Gap[]
  marks: readonly Mark[]
  moments: readonly Moment[]
  rows: readonly Row[]
  /** A new one whenever the timeline changed. */
  timeline: TimelineView
  /** The server's clock minus ours, ms. */
  clockOffset: number
}

/** Calls the function soon, once; returns how to call it off. */
export type Schedule = (run: () => void) => () => void

/** Once before the next paint; in a hidden page, which is never painted, once a second. */
export const onNextFrame: Schedule = (run) => {
  if (document.hidden) {
    const id = setTimeout(run, 1000)
    return () => {
      clearTimeout(id)
    }
  }
  const id = requestAnimationFrame(run)
  return () => {
    cancelAnimationFrame(id)
  }
}

/**
 * Holds one channel's live analysis outside React. Frames are applied at once
 * and in order; subscribers are told at most once for each animation frame.
 * Memory is bounded: the newest 2,000 rows, a few thousand timeline buckets.
 */
export class LiveStore {
  readonly timeline = new TimelineModel()
  private state: LiveState = emptyState
  private rows: Row[] = []
  private readonly byId = new Map<string, Row & { kind: 'message' }>()
  private order = 0
  private epoch: string | undefined
  private seq = 0
  /** The row that says "missed" after a hello without resume, until a gap frame tells how many. */
  private openGap: (Row & { kind: 'missed' }) | undefined
  private rowsDirty = false
  /** When rows were last shown, ms, and the order of the next one then. */
  private shown = { at: -Infinity, order: 0 }
  private lackingFrom: number | undefined
  private readonly listeners = new Set<() => void>()
  private pending: (() => void) | undefined

  constructor(
    private readonly schedule: Schedule = onNextFrame,
    private readonly now: () => number = Date.now,
  ) {}

  /** For useSyncExternalStore. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
    }
  }

  /** The state as of the last notification. */
  readonly getState = (): LiveState => this.state

  /** Where to resume: the value of `?since=`, undefined before the first hello. */
  since(): string | undefined {
    return this.epoch === undefined ? undefined : `${this.epoch}.${this.seq}`
  }

  apply(frame: ServerFrame): void {
    switch (frame.type) {
      case 'hello':
        this.applyHello(frame)
        break
      case 'batch': {
        const before = frame.seq - frame.n
        this.expect(before)
        this.openGap = undefined
        // What was numbered up to here is known, or told as missed.
        for (const m of frame.messages.slice(Math.max(0, this.seq - before))) this.addMessage(m)
        this.seq = Math.max(this.seq, frame.seq)
        break
      }
      case 'stats': {
        const { counts, mood, rate } = frame
        this.timeline.apply(frame.buckets)
        this.timeline.seen(this.serverTime() / 1000)
        this.patch({
          counts,
          shed: frame.shed ?? this.next.shed,
          mood,
          rate,
          chatters: { ...this.next.chatters, ...frame.chatters },
          timeline: this.view(),
        })
        break
      }
      case 'top':
        this.patch({
          chatters: frame.chatters ? { ...this.next.chatters, ...frame.chatters } : this.next.chatters,
          terms: frame.terms ?? this.next.terms,
          emotes: frame.emotes ?? this.next.emotes,
          waves: frame.waves ?? this.next.waves,
          termError: frame.term_error ?? this.next.termError,
        })
        break
      case 'delete':
        if (frame.all === true) this.markDeleted(() => true)
        else if (frame.login !== undefined) this.markDeleted((m) => m.login === frame.login)
        else for (const id of frame.ids ?? []) this.markOneDeleted(id)
        break
      case 'relabel':
        this.relabel(frame)
        break
      case 'moment':
        this.patch({
          moments: upsert(this.next.moments, frame.moment, (m) => m.id),
          timeline: this.view(),
        })
        break
      case 'mark': {
        const key = markKey(frame.mark)
        if (!this.next.marks.some((m) => markKey(m) === key)) {
          this.addRow({ kind: 'mark', key, order: 0, mark: frame.mark })
        }
        this.patch({
          marks: upsert(this.next.marks, frame.mark, markKey),
          timeline: this.view(),
        })
        break
      }
      case 'status':
        this.patch({ status: frame.status })
        if (frame.gap !== undefined) {
          const gap = frame.gap
          this.addRow({ kind: 'outage', key: gapKey(gap), order: 0, gap })
          this.patch({
            gaps: upsert(this.next.gaps, gap, gapKey),
            timeline: this.view(),
          })
        }
        break
      case 'gap':
        this.applyGap(frame.missed, frame.from, frame.to, frame.why)
        break
      case 'stopped':
        this.patch({
          stopped: true,
          status: { state: 'stopped', since: new Date(this.serverTime()).toISOString() },
        })
        break
      case 'pong':
      case 'heartbeat':
        if (typeof frame.server_time === 'number') this.setClock(frame.server_time)
        break
      case 'error':
        break
    }
    this.notifySoon()
  }

  /** Puts seconds in place of coarser buckets, see [TimelineModel.refine]. */
  refineTimeline(timeline: Timeline): void {
    this.timeline.refine(timeline)
    this.patch({ timeline: this.view() })
    this.notifySoon()
  }

  /**
   * After a hello with resume: from when (Unix seconds) the timeline lacks what
   * happened while the link was broken. Undefined where nothing is lacking.
   */
  readonly lacking = (): number | undefined => this.lackingFrom

  /** Fills the part of the timeline that was [lacking]. */
  fillTimeline(from: number, timeline: Timeline): void {
    if (timeline.step_seconds === 1) this.timeline.fill(from, timeline)
    else this.timeline.load(timeline)
    if (this.lackingFrom === from) this.lackingFrom = undefined
    this.patch({ timeline: this.view() })
    this.notifySoon()
  }

  /** Publishes what was applied without waiting for the next frame. */
  flush(): void {
    this.pending?.()
    this.pending = undefined
    this.publish()
  }

  /** Ends pending work. The store may be used again. */
  dispose(): void {
    this.pending?.()
    this.pending = undefined
  }

  /** Ids of the messages held, oldest first. */
  messageIds(): string[] {
    return this.rows.flatMap((r) => (r.kind === 'message' ? [r.message.id] : []))
  }

  /** How much is held, all kinds together: rows, what finds them, buckets and events. It stays below [maxHeld]. */
  get held(): number {
    const { marks, moments, gaps } = this.next
    return (
      this.rows.length +
      this.byId.size +
      this.timeline.size +
      marks.length +
      moments.length +
      gaps.length +
      this.state.rows.length
    )
  }

  // next is the state that the next notification publishes.
  private next: LiveState = emptyState

  private patch(change: Partial<LiveState>): void {
    this.next = { ...this.next, ...change }
  }

  private applyHello(hello: HelloFrame): void {
    this.setClock(hello.server_time)
    this.openGap = undefined
    if (hello.resumed) {
      // Frames after `since` follow; nothing is missing.
      this.epoch = hello.epoch
      this.lackingFrom = this.timeline.resume(hello.server_time / 1000) ?? this.lackingFrom
      this.patch({ timeline: this.view() })
      return
    }
    const first = this.epoch === undefined
    const sameEpoch = this.epoch === hello.epoch
    const missed = sameEpoch ? Math.max(0, hello.seq - this.seq) : undefined
    if (hello.snapshot !== undefined) this.applySnapshot(hello.snapshot)
    if (hello.timeline !== undefined) {
      this.timeline.load(hello.timeline)
      this.patch({ timeline: this.view() })
    }
    const recent = hello.recent ?? []
    const fresh = recent.filter((m) => !this.byId.has(m.id))
    // Where the server's last messages overlap with ours, nothing is between.
    const overlaps = fresh.length < recent.length
    const lost = missed === undefined ? !overlaps : missed > fresh.length
    if (!first && lost) {
      const known = missed === undefined ? undefined : missed - fresh.length
      this.openGap = this.addMissed(known, hello.why ?? 'expired')
    }
    for (const m of fresh) this.addMessage(m)
    this.epoch = hello.epoch
    this.seq = hello.seq
  }

  private applySnapshot(s: Snapshot): void {
    this.patch({
      ready: true,
      channel: s.channel,
      sessionId: s.id,
      startedAt: Date.parse(s.started_at),
      stopped: !s.running,
      status: s.status,
      counts: s.counts,
      shed: s.shed ?? noShed,
      mood: s.mood,
      rate: s.rate,
      chatters: s.chatters,
      terms: list(s.terms),
      emotes: list(s.emotes),
      termError: s.term_error,
      waves: list(s.waves),
      gaps: list(s.gaps),
      marks: list(s.marks),
      moments: list(s.moments),
      timeline: this.view(),
    })
  }

  /** A gap frame: exact. It may follow a hello, whose row it then completes. */
  private applyGap(missed: number, from: number, to: number, why: string): void {
    if (this.openGap !== undefined) {
      const shown = this.openGap.missed
      // The hello's recent messages closed part of what the frame counts.
      this.replaceRow(this.openGap, { ...this.openGap, missed: shown ?? missed, why })
      this.openGap = undefined
    } else if (missed > 0 && to > this.seq) {
      this.addMissed(missed - Math.max(0, this.seq - from), why)
    }
    this.seq = Math.max(this.seq, to)
  }

  /** Notices a hole in the sequence that no gap frame told of. */
  private expect(before: number): void {
    if (before > this.seq) this.addMissed(before - this.seq, 'unknown')
  }

  private addMissed(missed: number | undefined, why: string): Row & { kind: 'missed' } {
    const row = { kind: 'missed' as const, key: `missed-${this.order}`, order: 0, missed, why }
    this.addRow(row)
    return row
  }

  private addMessage(message: ChatMessage): void {
    if (this.byId.has(message.id)) return
    const row = { kind: 'message' as const, key: message.id, order: 0, message, deleted: false }
    this.byId.set(message.id, row)
    this.addRow(row)
  }

  private addRow(row: Row): void {
    row.order = this.order++
    this.rows.push(row)
    this.rowsDirty = true
    // Trimmed in steps, so that a row costs the same however many are held.
    if (this.rows.length >= maxRows + 200) {
      for (const old of this.rows.splice(0, this.rows.length - maxRows)) {
        if (old.kind === 'message') this.byId.delete(old.key)
      }
    }
  }

  private markOneDeleted(id: string): void {
    const row = this.byId.get(id)
    if (row === undefined || row.deleted) return
    const deleted = { ...row, deleted: true }
    this.byId.set(id, deleted)
    this.replaceRow(row, deleted)
  }

  private relabel({ id, label, score, confidence, flags, corrected }: RelabelFrame): void {
    const row = this.byId.get(id)
    if (row === undefined) return
    const kept = row.message.flags
      .replaceAll(Flag.corrected, '')
      .replaceAll(corrected ? Flag.unsure : Flag.corrected, '')
      .replaceAll(corrected ? Flag.unscored : Flag.corrected, '')
    const message = {
      ...row.message,
      label,
      score,
      confidence,
      flags: flags ?? kept + (corrected ? Flag.corrected : ''),
    }
    const changed = { ...row, message }
    this.byId.set(id, changed)
    this.replaceRow(row, changed)
  }

  private markDeleted(which: (m: ChatMessage) => boolean): void {
    this.rows = this.rows.map((row) => {
      if (row.kind !== 'message' || row.deleted || !which(row.message)) return row
      const deleted = { ...row, deleted: true }
      this.byId.set(row.key, deleted)
      this.rowsDirty = true
      return deleted
    })
  }

  private replaceRow(old: Row, row: Row): void {
    const i = this.rows.lastIndexOf(old)
    if (i < 0) return
    this.rows[i] = row
    this.rowsDirty = true
  }

  private view(): TimelineView {
    return { model: this.timeline }
  }

  /** The server's clock, Unix ms. */
  private serverTime(): number {
    return this.now() + this.next.clockOffset
  }

  private setClock(serverTime: number): void {
    const offset = serverTime - this.now()
    // Smaller differences are the network's, and would make clocks jump.
    if (Math.abs(offset - this.next.clockOffset) > 250) this.patch({ clockOffset: offset })
  }

  private notifySoon(): void {
    this.pending ??= this.schedule(() => {
      this.pending = undefined
      this.publish()
    })
  }

  private publish(): void {
    if (this.rowsDirty) {
      const now = this.now()
      const waited = Math.abs(now - this.shown.at) >= burstPace // a clock may be set back
      if (waited || this.order - this.shown.order < burst) {
        this.rowsDirty = false
        this.shown = { at: now, order: this.order }
        this.patch({ rows: this.rows.slice(-maxRows) })
      } else {
        this.notifySoon()
      }
    }
    if (this.next === this.state) return
    this.state = this.next
    for (const listener of this.listeners) listener()
  }
}

export const emptyCounts: Counts = {
  total: 0,
  positive: 0,
  neutral: 0,
  negative: 0,
  unsure: 0,
  unscored: 0,
  deleted: 0,
  bots: 0,
  commands: 0,
  mirrored: 0,
  waves: 0,
  first: 0,
  questions: 0,
}

const noShed: Shed = { unshown: 0, unjudged: 0 }

const emptyState: LiveState = {
  ready: false,
  channel: '',
  sessionId: '',
  startedAt: 0,
  stopped: false,
  status: undefined,
  counts: emptyCounts,
  shed: noShed,
  mood: { now: null, trend: 0, m1: null, m5: null, m15: null, m60: null, all: null },
  rate: { now: 0, m1: 0, m5: 0, peak: 0 },
  chatters: {
    distinct: 0,
    exact: true,
    active: 0,
    top: { all: [], positive: [], neutral: [], negative: [] },
    top_error: 0,
    subscriber_messages: 0,
  },
  terms: [],
  emotes: [],
  termError: 0,
  waves: [],
  gaps: [],
  marks: [],
  moments: [],
  rows: [],
  timeline: { model: new TimelineModel() },
  clockOffset: 0,
}

const markKey = (m: Mark): string => `mark-${m.at}-${m.kind}-${m.name}`
const gapKey = (g: Gap): string => `outage-${g.from}`

/** Replaces the entry with the same key or appends; the oldest go over the bound. */
function upsert<T>(list: readonly T[], item: T, key: (item: T) => string): readonly T[] {
  const k = key(item)
  const i = list.findIndex((x) => key(x) === k)
  return i >= 0 ? list.with(i, item) : [...list, item].slice(-maxEvents)
}
