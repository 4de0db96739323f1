/** What tests of live chat share: invented messages and frames. */
import { emptyCounts } from './store'
import type { Snapshot } from '../api/types'

export interface WireMessage {
  id: string
  t: number
  u: string
  x: string
  l: 'p' | 'u' | 'n'
  s: number
  k: number
  f?: string
}

export const wireMessage = (n: number, more: Partial<WireMessage> = {}): WireMessage => ({
  id: `m${n}`,
  t: 1_700_000_000_000 + n,
  u: `chatter_${n % 7}`,
  x: `line ${n}`,
  l: 'u',
  s: 0,
  k: 0.5,
  ...more,
})

export const snapshot = (more: Partial<Snapshot> = {}): Snapshot => ({
  id: 'session',
  channel: 'somebody',
  running: true,
  started_at: '2026-01-01T00:00:00Z',
  at: '2026-01-01T00:01:00Z',
  duration_seconds: 60,
  status: { state: 'live', since: '2026-01-01T00:00:01Z' },
  counts: emptyCounts,
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
  term_error: 0,
  waves: [],
  gaps: [],
  marks: [],
  moments: [],
  ...more,
})
