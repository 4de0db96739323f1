import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseFrame, parseMessage, type ChatMessage, type ServerFrame } from './protocol'
import { LiveStore, maxHeld, maxRows, type Row } from './store'
import { snapshot, wireMessage, type WireMessage } from './testing'

/** A store whose notifications are sent by hand. */
function newStore() {
  const waiting: (() => void)[] = []
  const store = new LiveStore(
    (run) => {
      waiting.push(run)
      return () => {
        waiting.splice(waiting.indexOf(run), 1)
      }
    },
    () => 0,
  )
  const paint = () => {
    for (const run of waiting.splice(0)) run()
  }
  const apply = (frame: object) => {
    const parsed: ServerFrame | undefined = parseFrame(JSON.stringify(frame))
    if (parsed === undefined) throw new Error(`no frame: ${JSON.stringify(frame)}`)
    store.apply(parsed)
  }
  return { store, apply, paint, waiting }
}

const hello = (more: object = {}) => ({
  type: 'hello',
  channel: 'somebody',
  epoch: 1,
  seq: 0,
  resumed: false,
  server_time: 0,
  snapshot: snapshot(),
  recent: [],
  ...more,
})

const batch = (seq: number, m: WireMessage[]) => ({ type: 'batch', seq, n: m.length, m })

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

/** Messages number from+1 … to, as the server numbers them. */
const messages = (from: number, to: number): WireMessage[] =>
  range(from + 1, to + 1).map((n) => wireMessage(n))

const shape = (rows: readonly Row[]): string[] =>
  rows.map((r) =>
    r.kind === 'message'
      ? r.deleted
        ? `-${r.key}`
        : r.key
      : r.kind === 'missed'
        ? `missed ${r.missed}`
        : r.kind,
  )

describe('LiveStore', () => {
  test('begins with what hello brings', () => {
    const { store, apply, paint } = newStore()
    expect(store.since()).toBeUndefined()
    apply(hello({ seq: 3, recent: messages(0, 3) }))
    paint()
    expect(store.getState()).toMatchObject({ ready: true, channel: 'somebody', sessionId: 'session' })
    expect(shape(store.getState().rows)).toEqual(['m1', 'm2', 'm3'])
    expect(store.since()).toBe('1.3')
  })

  test('tells its subscribers once for all frames between two paints', () => {
    const { store, apply, paint, waiting } = newStore()
    let told = 0
    const leave = store.subscribe(() => told++)
    apply(hello())
    apply(batch(2, messages(0, 2)))
    apply(batch(3, messages(2, 3)))
    expect(told).toBe(0)
    expect(waiting).toHaveLength(1)
    paint()
    expect(told).toBe(1)
    leave()
    apply(batch(4, messages(3, 4)))
    paint()
    expect(told).toBe(1)
  })

  test('what did not change keeps its identity', () => {
    const { store, apply, paint } = newStore()
    apply(hello({ seq: 1, recent: messages(0, 1) }))
    paint()
    const before = store.getState()
    apply({ type: 'status', seq: 1, status: { state: 'reconnecting', since: '2026-01-01T00:00:00Z' } })
    paint()
    expect(store.getState().rows).toBe(before.rows)
    expect(store.getState().counts).toBe(before.counts)
    expect(store.getState().status?.state).toBe('reconnecting')
  })

  test('resumes without a doubled message', () => {
    const { store, apply, paint } = newStore()
    apply(hello())
    apply(batch(4, messages(0, 4)))
    apply({ type: 'hello', channel: 'somebody', epoch: 1, seq: 9, resumed: true, server_time: 0 })
    expect(store.since()).toBe('1.4')
    apply(batch(6, messages(3, 6)))
    apply(batch(9, messages(6, 9)))
    paint()
    expect(shape(store.getState().rows)).toEqual(range(1, 10).map((n) => `m${n}`))
  })

  test('says exactly what an expired resume missed', () => {
    const { store, apply, paint } = newStore()
    apply(hello())
    apply(batch(2, messages(0, 2)))
    apply(hello({ seq: 100, why: 'expired', recent: messages(97, 100) }))
    apply({ type: 'gap', missed: 95, from: 2, to: 97, why: 'expired' })
    apply(batch(101, messages(100, 101)))
    paint()
    expect(shape(store.getState().rows)).toEqual(['m1', 'm2', 'missed 95', 'm98', 'm99', 'm100', 'm101'])
    expect(store.since()).toBe('1.101')
  })

  test('shows no hole where the last messages reach back to ours', () => {
    const { store, apply, paint } = newStore()
    apply(hello())
    apply(batch(2, messages(0, 2)))
    apply(hello({ seq: 4, why: 'expired', recent: messages(0, 4) }))
    paint()
    expect(shape(store.getState().rows)).toEqual(['m1', 'm2', 'm3', 'm4'])
  })

  test('after a restart of the server a line says that something may be missing', () => {
    const { store, apply, paint } = newStore()
    apply(hello())
    apply(batch(2, messages(0, 2)))
    apply(hello({ epoch: 2, seq: 0, why: 'restarted', recent: [wireMessage(50)] }))
    apply(batch(1, [wireMessage(51)]))
    paint()
    expect(shape(store.getState().rows)).toEqual(['m1', 'm2', 'missed undefined', 'm50', 'm51'])
    expect(store.since()).toBe('2.1')
  })

  test('a slow client is told how many it missed', () => {
    const { store, apply, paint } = newStore()
    apply(hello())
    apply(batch(2, messages(0, 2)))
    apply({ type: 'gap', missed: 10, from: 2, to: 12, why: 'slow' })
    apply(batch(13, messages(12, 13)))
    paint()
    expect(shape(store.getState().rows)).toEqual(['m1', 'm2', 'missed 10', 'm13'])
  })

  test('notices a hole that nobody told of', () => {
    const { store, apply, paint } = newStore()
    apply(hello())
    apply(batch(2, messages(0, 2)))
    apply(batch(6, messages(5, 6)))
    paint()
    expect(shape(store.getState().rows)).toEqual(['m1', 'm2', 'missed 3', 'm6'])
  })

  test('strikes what moderators remove', () => {
    const { store, apply, paint } = newStore()
    apply(hello())
    apply(batch(9, messages(0, 9)))
    apply({ type: 'delete', seq: 9, ids: ['m2', 'gone'] })
    apply({ type: 'delete', seq: 9, login: 'chatter_1' })
    paint()
    expect(shape(store.getState().rows)).toEqual(['-m1', '-m2', 'm3', 'm4', 'm5', 'm6', 'm7', '-m8', 'm9'])
    apply({ type: 'delete', seq: 9, all: true })
    apply(batch(10, messages(9, 10)))
    paint()
    expect(shape(store.getState().rows).filter((k) => !k.startsWith('-'))).toEqual(['m10'])
  })

  test('a corrected label replaces the one that was, and comes back when it is taken back', () => {
    const { store, apply, paint } = newStore()
    apply(hello())
    apply(batch(2, [{ ...wireMessage(1), f: 'U?S' }, wireMessage(2)]))
    const shown = (id: string) => {
      paint()
      const row = store.getState().rows.find((r) => r.key === id)
      return row?.kind === 'message' ? row.message : undefined
    }
    const id = wireMessage(1).id
    const before = shown(id)
    apply({ type: 'relabel', seq: 2, id, l: 'n', s: -1, k: 1, f: '?SC', corrected: true })
    expect(shown(id)).toMatchObject({ label: 'negative', score: -1, confidence: 1, flags: '?SC' })
    expect(shown(wireMessage(2).id)?.flags).not.toContain('C')
    // Of an old message the server no longer knows the other letters.
    apply({ type: 'relabel', seq: 2, id, l: 'p', s: 1, k: 1, f: 'C', corrected: true })
    expect(shown(id)).toMatchObject({ label: 'positive', flags: '?SC' })
    const { label, score, confidence } = before ?? {}
    const l = label === 'positive' ? 'p' : label === 'negative' ? 'n' : 'u'
    apply({ type: 'relabel', seq: 2, id, l, s: score, k: confidence, f: 'U?S', corrected: false })
    expect(shown(id)).toEqual(before)
    apply({ type: 'relabel', seq: 2, id: 'unknown', l: 'n', s: -1, k: 1, f: '', corrected: true })
    expect(store.messageIds()).toHaveLength(2)
  })

  test('an outage of Twitch and a raid stand between the messages', () => {
    const { store, apply, paint } = newStore()
    apply(hello())
    apply(batch(1, messages(0, 1)))
    const gap = { from: '2026-01-01T00:00:10Z', to: '2026-01-01T00:00:20Z', reason: 'connection_lost' }
    apply({ type: 'status', seq: 1, status: { state: 'live', since: gap.to }, gap })
    const mark = { at: '2026-01-01T00:00:30Z', kind: 'raid', name: 'other', count: 9, text: 'other raids' }
    apply({ type: 'mark', seq: 1, mark })
    apply({ type: 'mark', seq: 1, mark })
    paint()
    expect(shape(store.getState().rows)).toEqual(['m1', 'outage', 'mark'])
    expect(store.getState().gaps).toEqual([gap])
    expect(store.getState().marks).toEqual([mark])
  })

  test('a moment that ends replaces the one that began', () => {
    const { store, apply, paint } = newStore()
    const moment = { id: 'x', kind: 'hype', from: '2026-01-01T00:00:00Z', peak: 90, label: '' }
    apply(hello())
    apply({ type: 'moment', seq: 0, moment })
    apply({ type: 'moment', seq: 0, moment: { ...moment, to: '2026-01-01T00:01:00Z' } })
    paint()
    expect(store.getState().moments).toEqual([{ ...moment, to: '2026-01-01T00:01:00Z' }])
  })

  test('figures come from stats and rankings from top, each leaving the other alone', () => {
    const { store, apply, paint } = newStore()
    apply(hello())
    const top = { all: [{ login: 'a', name: 'A', count: 3 }], positive: [], neutral: [], negative: [] }
    apply({
      type: 'top',
      chatters: { top, top_error: 2 },
      terms: [{ term: 'hi', count: 1, positive: 1, neutral: 0, negative: 0 }],
    })
    apply({
      type: 'stats',
      seq: 0,
      counts: { ...snapshot().counts, total: 5 },
      mood: { ...snapshot().mood, now: 0.5 },
      rate: { now: 1, m1: 2, m5: 3, peak: 4 },
      chatters: { distinct: 3, exact: false, active: 2 },
      buckets: [],
    })
    paint()
    const s = store.getState()
    expect(s.counts.total).toBe(5)
    expect(s.mood.now).toBe(0.5)
    expect(s.chatters).toMatchObject({ distinct: 3, exact: false, active: 2, top, top_error: 2 })
    expect(s.terms).toHaveLength(1)
  })

  test('knows what the server left out since it could not keep up', () => {
    const { store, apply, paint } = newStore()
    apply(hello())
    paint()
    expect(store.getState().shed).toEqual({ unshown: 0, unjudged: 0 })
    const { counts, mood, rate } = snapshot()
    const stats = {
      type: 'stats' as const,
      seq: 0,
      counts,
      mood,
      rate,
      chatters: { distinct: 0, exact: true, active: 0 },
      buckets: [],
    }
    apply({ ...stats, shed: { unshown: 3, unjudged: 2 } })
    apply(stats)
    paint()
    expect(store.getState().shed).toEqual({ unshown: 3, unjudged: 2 })
    apply(hello({ epoch: '9', snapshot: snapshot({ shed: { unshown: 4, unjudged: 2 } }) }))
    paint()
    expect(store.getState().shed).toEqual({ unshown: 4, unjudged: 2 })
  })

  test('knows that a person stopped the analysis', () => {
    const { store, apply, paint } = newStore()
    apply(hello())
    apply({ type: 'stopped', channel: 'somebody' })
    paint()
    expect(store.getState()).toMatchObject({ stopped: true, status: { state: 'stopped' } })
  })

  test('keeps the newest rows only, however many come', () => {
    const { store, apply, paint } = newStore()
    apply(hello())
    for (let n = 0; n < 3 * maxRows; n += 50) apply(batch(n + 50, messages(n, n + 50)))
    paint()
    expect(store.getState().rows).toHaveLength(maxRows)
    expect(store.getState().rows.at(-1)?.key).toBe(`m${3 * maxRows}`)
    expect(store.messageIds().length).toBeLessThan(maxRows + 200)
  })

  test('takes lists that are null as empty', () => {
    const { store, apply, paint } = newStore()
    apply(
      hello({
        snapshot: {
          ...snapshot(),
          terms: null,
          emotes: null,
          waves: null,
          gaps: null,
          marks: null,
          moments: null,
        },
      }),
    )
    paint()
    expect(store.getState()).toMatchObject({
      terms: [],
      emotes: [],
      waves: [],
      gaps: [],
      marks: [],
      moments: [],
    })
  })
})

test('however the link breaks and resumes: no message twice, none out of order, every hole said', () => {
  // A server that has published some messages; the page sees them in batches,
  // loses the link anywhere, resumes with or without the buffer still holding
  // what it asks for, and gets batches again that it had.
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('publish' as const), n: fc.integer({ min: 1, max: 30 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('break' as const), n: fc.integer({ min: 0, max: 40 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('expire' as const), n: fc.integer({ min: 1, max: 60 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('repeat' as const), n: fc.integer({ min: 1, max: 20 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('delete' as const), n: fc.integer({ min: 1, max: 50 }) }),
    },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { store, apply, paint } = newStore()
      let seq = 0
      const missing = new Set<number>()
      const removed = new Set<number>()
      apply(hello())
      for (const s of steps) {
        switch (s.do) {
          case 'publish':
            apply(batch(seq + s.n, messages(seq, seq + s.n)))
            seq += s.n
            break
          case 'break': {
            const from = Number(store.since()?.split('.')[1])
            seq += s.n
            apply({ type: 'hello', channel: 'somebody', epoch: 1, seq, resumed: true, server_time: 0 })
            if (seq > from) apply(batch(seq, messages(from, seq)))
            break
          }
          case 'expire': {
            // The buffer holds the last five messages only.
            const from = Number(store.since()?.split('.')[1])
            seq += s.n
            const held = Math.max(from, seq - 5)
            apply(hello({ seq, why: 'expired', recent: messages(Math.max(0, seq - 5), seq) }))
            if (held > from) apply({ type: 'gap', missed: held - from, from, to: held, why: 'expired' })
            for (const n of range(from + 1, held + 1)) missing.add(n)
            break
          }
          case 'repeat': {
            const from = Math.max(0, seq - s.n)
            if (from < seq) apply(batch(seq, messages(from, seq)))
            break
          }
          case 'delete':
            apply({ type: 'delete', seq, ids: [`m${s.n}`] })
            if (s.n <= seq && !missing.has(s.n)) removed.add(s.n)
            break
        }
      }
      paint()
      const rows = store.getState().rows
      const seen = rows.flatMap((r) => (r.kind === 'message' ? [Number(r.key.slice(1))] : []))
      expect(new Set(seen).size).toBe(seen.length)
      expect(seen).toEqual([...seen].sort((a, b) => a - b))
      const said = rows.reduce((sum, r) => sum + (r.kind === 'missed' ? (r.missed ?? 0) : 0), 0)
      expect(said).toBe(missing.size)
      const struck = rows.flatMap((r) => (r.kind === 'message' && r.deleted ? [Number(r.key.slice(1))] : []))
      expect(new Set(struck)).toEqual(removed)
    }),
    { numRuns: 300 },
  )
})

test('six busy hours, with breaks, fit into bounded memory', () => {
  const { store, paint } = newStore()
  const begin = 1_700_000_000
  store.apply(asFrame(hello({ server_time: begin * 1000 })))
  const stats = { type: 'stats', counts: snapshot().counts, mood: snapshot().mood, rate: snapshot().rate }
  let seq = 0
  let most = 0
  for (let second = begin; second < begin + 6 * 3600; second++) {
    // A hundred messages in two batches, as parseFrame gives them.
    for (const n of [50, 50]) {
      seq += n
      store.apply({ type: 'batch', seq, n, messages: range(seq - n, seq).map((i) => chatMessage(i)) })
    }
    const bucket = { t: second, n: 100, pos: 30, neu: 50, neg: 20, w: 10, wsum: 1 }
    store.apply({
      ...stats,
      type: 'stats',
      seq,
      chatters: { distinct: seq, exact: false, active: 100 },
      buckets: [bucket],
    } as unknown as ServerFrame)
    if (second % 20 === 0) {
      const at = new Date(second * 1000).toISOString()
      store.apply(asFrame({ type: 'moment', seq, moment: { id: second, kind: 'hype', from: at } }))
      store.apply(asFrame({ type: 'mark', seq, mark: { at, kind: 'raid', name: `raider ${second}` } }))
      store.apply(asFrame({ type: 'delete', seq, ids: [`m${seq}`, `m${seq - 7000}`] }))
      store.apply(asFrame({ type: 'gap', missed: 5, from: seq, to: seq + 5, why: 'slow' }))
      seq += 5
      store.apply(
        asFrame({
          type: 'hello',
          channel: 'somebody',
          epoch: 1,
          seq,
          resumed: true,
          server_time: (second + 9) * 1000,
        }),
      )
    }
    if (second % 10 === 0) paint()
    most = Math.max(most, store.held)
  }
  paint()
  expect(seq).toBeGreaterThan(2_000_000)
  expect(store.getState().rows.length).toBeLessThanOrEqual(maxRows)
  expect(most).toBeGreaterThan(2 * maxRows)
  expect(most).toBeLessThanOrEqual(maxHeld)
})

const asFrame = (frame: object): ServerFrame => {
  const parsed = parseFrame(JSON.stringify(frame))
  if (parsed === undefined) throw new Error(`no frame: ${JSON.stringify(frame)}`)
  return parsed
}

const chatMessage = (n: number): ChatMessage => {
  const m = parseMessage(wireMessage(n))
  if (m === undefined) throw new Error('no message')
  return m
}

test('where more comes than anybody reads, rows come in fewer steps, and all of them in the end', () => {
  let now = 1000
  const waiting: (() => void)[] = []
  const store = new LiveStore(
    (run) => {
      waiting.push(run)
      return () => undefined
    },
    () => now,
  )
  const paint = () => {
    for (const run of waiting.splice(0)) run()
  }
  const apply = (frame: object) => {
    const parsed = parseFrame(JSON.stringify(frame))
    if (parsed !== undefined) store.apply(parsed)
  }
  const shown = () => store.getState().rows.length
  apply(hello())
  apply(batch(50, messages(0, 50)))
  paint()
  expect(shown()).toBe(50) // the first at once

  now += 50
  apply(batch(100, messages(50, 100)))
  paint()
  expect(shown()).toBe(50)
  now += 16
  paint()
  expect(shown()).toBe(50)
  now += 34
  paint()
  expect(shown()).toBe(100) // nothing else had to come for that
  expect(waiting).toEqual([])

  now += 16
  apply(batch(105, messages(100, 105)))
  paint()
  expect(shown()).toBe(105) // few rows never wait
})
