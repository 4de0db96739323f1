/** The API's types under short names. */
export interface Status {
  state: 'connecting' | 'live' | 'reconnecting' | 'failed' | 'stopped'
  code?: string
  reason?: string
  since: string
}
export interface Counts {
  total: number
  positive: number
  neutral: number
  negative: number
  unsure: number
  unscored: number
  deleted: number
  bots: number
  commands: number
  mirrored: number
  waves: number
  first: number
  questions: number
}
export interface Mood {
  now: number | null
  trend: number
  m1: number | null
  m5: number | null
  m15: number | null
  m60: number | null
  all: number | null
}
export interface Rate {
  now: number
  m1: number
  m5: number
  peak: number
  peak_at?: string
}
export interface Chatter {
  login: string
  name: string
  count: number
}
export interface TopChatters {
  all: Chatter[] | null
  positive: Chatter[] | null
  neutral: Chatter[] | null
  negative: Chatter[] | null
}
export interface Chatters {
  distinct: number
  exact: boolean
  active: number
  top: TopChatters
  top_error: number
  subscriber_messages: number
}
export interface Term {
  term: string
  count: number
  positive: number
  neutral: number
  negative: number
  emote_id?: string
}
export interface Wave {
  text: string
  count: number
  chatters: number
  from: string
  to: string
}
export interface Gap {
  from: string
  to: string
  reason: string
}
export interface Mark {
  at: string
  kind: 'raid' | 'gifts'
  name: string
  count: number
  text: string
}
export interface Moment {
  id: string
  kind: 'hype' | 'positive' | 'negative'
  from: string
  to?: string
  peak: number
  label: string
}
export interface Bucket {
  t: number
  pos: number
  neu: number
  neg: number
  sum: number
}
export interface Timeline {
  step_seconds: number
  from: string
  to: string
  buckets: Bucket[] | null
  gaps: Gap[] | null
  marks: Mark[] | null
  moments: Moment[] | null
}
export interface Snapshot {
  id: string
  channel: string
  running: boolean
  started_at: string
  ended_at?: string
  at: string
  duration_seconds: number
  status: Status
  counts: Counts
  mood: Mood
  rate: Rate
  chatters: Chatters
  terms: Term[] | null
  emotes: Term[] | null
  term_error: number
  waves: Wave[] | null
  gaps: Gap[] | null
  marks: Mark[] | null
  moments: Moment[] | null
}
export interface ChannelSummary {
  id: string
  channel: string
  started_at: string
  status: Status
  counts: Counts
  mood: number | null
  rate: number
  viewers: number
}
export interface SessionInfo {
  id: string
  channel: string
  started_at: string
  ended_at: string
  duration_seconds: number
  counts: Counts
  mood: number | null
}
export interface Report {
  snapshot: Snapshot
  timeline: Timeline
}
export interface SessionList {
  sessions: SessionInfo[]
  next?: string
}
export interface Info {
  version: string
  api_version: string
  environment: 'development' | 'production'
  anonymous: boolean
  demo: boolean
  demo_channels: string[]
}
