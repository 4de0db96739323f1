/**
 * The chatmood.v1 dialect of the live WebSocket, as docs/websocket.md defines
 * it. Times are Unix milliseconds unless a name says otherwise.
 */
import type {
  Bucket,
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

export const subprotocol = 'chatmood.v1'

export type Label = 'positive' | 'neutral' | 'negative'

export const labels: readonly Label[] = ['positive', 'neutral', 'negative']

/** What the letters of a message's flags say. */
export const Flag = {
  unsure: 'U',
  question: '?',
  laughter: 'l',
  hype: 'h',
  sarcasm: 's',
  toxic: 't',
  unscored: '0',
  emoteOnly: 'e',
  first: '1',
  subscriber: 'S',
  moderator: 'M',
  vip: 'V',
  broadcaster: 'B',
  action: 'a',
  highlighted: 'H',
  mirrored: 'r',
  bot: 'b',
  command: 'c',
  wave: 'w',
  corrected: 'C',
} as const
export type Flag = (typeof Flag)[keyof typeof Flag]

/** One judged chat line. */
export interface ChatMessage {
  id: string
  time: number
  login: string
  /** Display name. */
  name: string
  color: string | undefined
  text: string
  label: Label
  /** −1…1 */
  score: number
  /** 0…1 */
  confidence: number
  /** [emote id, start, end) in UTF-16 units of text, ordered. */
  emotes: readonly EmoteUse[]
  /** Badge names without their version. */
  badges: readonly string[]
  flags: string
  reply: Reply | undefined
  bits: number
}

export type EmoteUse = readonly [id: string, start: number, end: number]

export interface Reply {
  id: string
  login: string
  text: string
}

export const hasFlag = (m: ChatMessage, flag: Flag): boolean => m.flags.includes(flag)

/** Shown but not counted: bots, commands, lines of another room. */
export const isUncounted = (m: ChatMessage): boolean =>
  m.flags !== '' && (hasFlag(m, Flag.bot) || hasFlag(m, Flag.command) || hasFlag(m, Flag.mirrored))

export interface HelloFrame {
  type: 'hello'
  channel: string
  epoch: string
  seq: number
  resumed: boolean
  why?: 'expired' | 'restarted'
  server_time: number
  snapshot?: Snapshot
  timeline?: Timeline
  recent?: ChatMessage[]
}

export interface BatchFrame {
  type: 'batch'
  seq: number
  /** How many messages the server put into it. */
  n: number
  messages: ChatMessage[]
}

export interface StatsFrame {
  type: 'stats'
  seq: number
  counts: Counts
  /** What the server left out since it could not keep up; absent where that is nothing. */
  shed?: Shed
  mood: Mood
  rate: Rate
  chatters: Pick<Chatters, 'distinct' | 'exact' | 'active'>
  buckets: Bucket[]
}

export interface TopFrame {
  type: 'top'
  chatters?: Partial<Chatters>
  terms?: Term[]
  emotes?: Term[]
  waves?: Wave[]
  term_error?: number
}

export interface DeleteFrame {
  type: 'delete'
  seq: number
  ids?: string[]
  login?: string
  all?: boolean
}

/** A person corrected a message's label, or took that back. */
export interface RelabelFrame {
  type: 'relabel'
  seq: number
  id: string
  label: Label
  score: number
  confidence: number
  /** All flags of the message; undefined where only [Flag.corrected] is known to change. */
  flags: string | undefined
  corrected: boolean
}

export interface MomentFrame {
  type: 'moment'
  seq: number
  moment: Moment
}

export interface MarkFrame {
  type: 'mark'
  seq: number
  mark: Mark
}

export interface StatusFrame {
  type: 'status'
  seq: number
  status: Status
  gap?: Gap
}

/** This client missed messages: from is the last sequence number before, to the last one missed. */
export interface GapFrame {
  type: 'gap'
  missed: number
  from: number
  to: number
  why: string
}

export interface StoppedFrame {
  type: 'stopped'
  channel: string
}

export interface PongFrame {
  type: 'pong'
  t?: number
  server_time: number
}

export interface HeartbeatFrame {
  type: 'heartbeat'
  server_time: number
}

export interface ErrorFrame {
  type: 'error'
  error?: string
  detail?: string
}

export type ServerFrame =
  | HelloFrame
  | BatchFrame
  | StatsFrame
  | TopFrame
  | DeleteFrame
  | RelabelFrame
  | MomentFrame
  | MarkFrame
  | StatusFrame
  | GapFrame
  | StoppedFrame
  | PongFrame
  | HeartbeatFrame
  | ErrorFrame

/** Close codes and what they ask of a client. */
export const CloseCode = {
  ended: 1000,
  protocol: 1008,
  restarting: 1012,
  signedOut: 4401,
  forbidden: 4403,
  notAnalysed: 4404,
  slow: 4408,
  tooMany: 4429,
} as const

/**
 * Reads one text frame. Returns undefined for what is no frame of this dialect
 * (also for frame types of a later version): a client ignores those.
 */
export function parseFrame(text: string): ServerFrame | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isObject(value) || typeof value.type !== 'string') return undefined
  const needed = required.get(value.type)
  if (needed === undefined) return undefined
  for (const [key, kind] of needed) {
    const v = value[key]
    if (kind === 'array' ? !Array.isArray(v) : kind === 'object' ? !isObject(v) : typeof v !== kind)
      return undefined
  }
  if (value.type === 'batch') {
    const list = value.m as unknown[]
    return { type: 'batch', seq: value.seq as number, n: list.length, messages: parseMessages(list) }
  }
  if (value.type === 'relabel') {
    const flags = typeof value.f === 'string' ? value.f : ''
    return {
      type: 'relabel',
      seq: value.seq as number,
      id: value.id as string,
      label: parseLabel(value.l),
      score: typeof value.s === 'number' ? value.s : 0,
      confidence: typeof value.k === 'number' ? value.k : 0,
      // Of an old message the server no longer knows the letters.
      flags: flags === '' || flags === Flag.corrected ? undefined : flags,
      corrected: value.corrected === true,
    }
  }
  if (value.type === 'hello') {
    const { recent, epoch, ...rest } = value
    // A number on the wire; here it is only compared and sent back.
    if (typeof epoch !== 'number' && typeof epoch !== 'string') return undefined
    const hello = {
      ...rest,
      epoch: String(epoch),
      resumed: value.resumed === true,
    } as unknown as HelloFrame
    if (Array.isArray(recent)) hello.recent = parseMessages(recent)
    return hello
  }
  // The fields that decide were checked; the rest is typed by the server's
  // own OpenAPI document.
  return value as unknown as ServerFrame
}

type Kind = 'string' | 'number' | 'object' | 'array'

const required = new Map<string, readonly (readonly [string, Kind])[]>(
  Object.entries({
    hello: [
      ['channel', 'string'],
      ['seq', 'number'],
    ],
    batch: [
      ['seq', 'number'],
      ['m', 'array'],
    ],
    stats: [
      ['seq', 'number'],
      ['counts', 'object'],
      ['mood', 'object'],
      ['rate', 'object'],
      ['chatters', 'object'],
      ['buckets', 'array'],
    ],
    top: [],
    delete: [['seq', 'number']],
    relabel: [
      ['seq', 'number'],
      ['id', 'string'],
      ['l', 'string'],
    ],
    moment: [['moment', 'object']],
    mark: [['mark', 'object']],
    status: [['status', 'object']],
    gap: [['missed', 'number']],
    stopped: [],
    pong: [],
    heartbeat: [],
    error: [],
  }),
)

function parseMessages(list: unknown): ChatMessage[] {
  const out: ChatMessage[] = []
  if (!Array.isArray(list)) return out
  for (const raw of list) {
    const m = parseMessage(raw)
    if (m !== undefined) out.push(m)
  }
  return out
}

/** Reads one message of `m` or `recent`; undefined where id, login or text is missing. */
export function parseMessage(raw: unknown): ChatMessage | undefined {
  if (!isObject(raw)) return undefined
  const { id, u, x } = raw
  if (typeof id !== 'string' || typeof u !== 'string' || typeof x !== 'string') return undefined
  return {
    id,
    time: typeof raw.t === 'number' ? raw.t : 0,
    login: u,
    name: typeof raw.n === 'string' && raw.n !== '' ? raw.n : u,
    color: typeof raw.c === 'string' ? raw.c : undefined,
    text: x,
    label: parseLabel(raw.l),
    score: typeof raw.s === 'number' ? raw.s : 0,
    confidence: typeof raw.k === 'number' ? raw.k : 0,
    emotes: parseEmotes(raw.e, x.length),
    badges: Array.isArray(raw.b) ? raw.b.filter(isString).map((b) => b.split('/', 1)[0] ?? b) : none,
    flags: typeof raw.f === 'string' ? raw.f : '',
    reply: parseReply(raw.r),
    bits: typeof raw.$ === 'number' ? raw.$ : 0,
  }
}

const parseLabel = (l: unknown): Label => (l === 'p' ? 'positive' : l === 'n' ? 'negative' : 'neutral')

const none: readonly string[] = []
const noEmotes: readonly EmoteUse[] = []

/** Keeps only ranges that are ordered, disjoint and within the text: the row is cut at them. */
function parseEmotes(list: unknown, length: number): readonly EmoteUse[] {
  if (!Array.isArray(list) || list.length === 0) return noEmotes
  const out: EmoteUse[] = []
  let end = 0
  for (const e of list as unknown[]) {
    if (!Array.isArray(e)) continue
    const [id, from, to] = e as unknown[]
    if (typeof id !== 'string' || typeof from !== 'number' || typeof to !== 'number') continue
    if (from < end || to <= from || to > length) continue
    out.push([id, from, to])
    end = to
  }
  return out
}

function parseReply(raw: unknown): Reply | undefined {
  if (!isObject(raw) || typeof raw.u !== 'string') return undefined
  return {
    id: typeof raw.id === 'string' ? raw.id : '',
    login: raw.u,
    text: typeof raw.x === 'string' ? raw.x : '',
  }
}

const isString = (v: unknown): v is string => typeof v === 'string'
const isObject = (v: unknown): v is Record<string, unknown> =>
  typeof v === 'object' && v !== null && !Array.isArray(v)
