import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Flag, hasFlag, isUncounted, parseFrame, parseMessage } from './protocol'

const message = { id: 'a1', t: 1000, u: 'somebody', x: 'hi Kappa there', l: 'p', s: 0.5, k: 0.9 }

describe('parseMessage', () => {
  test('reads every field', () => {
    const m = parseMessage({
      ...message,
      n: 'SomeBody',
      c: '#ABCDEF',
      e: [['25', 3, 8]],
      b: ['subscriber/12', 'vip/1'],
      f: 'SV1',
      r: { id: 'p', u: 'other', x: 'what' },
      $: 100,
    })
    expect(m).toEqual({
      id: 'a1',
      time: 1000,
      login: 'somebody',
      name: 'SomeBody',
      color: '#ABCDEF',
      text: 'hi Kappa there',
      label: 'positive',
      score: 0.5,
      confidence: 0.9,
      emotes: [['25', 3, 8]],
      badges: ['subscriber', 'vip'],
      flags: 'SV1',
      reply: { id: 'p', login: 'other', text: 'what' },
      bits: 100,
    })
  })

  test('fills in what a plain message leaves out', () => {
    expect(parseMessage(message)).toMatchObject({
      name: 'somebody',
      color: undefined,
      emotes: [],
      badges: [],
      flags: '',
      bits: 0,
    })
  })

  test.each([
    ['p', 'positive'],
    ['u', 'neutral'],
    ['n', 'negative'],
    ['x', 'neutral'],
  ])('label %s is %s', (l, label) => {
    expect(parseMessage({ ...message, l })?.label).toBe(label)
  })

  test('refuses what has no id, login or text', () => {
    for (const key of ['id', 'u', 'x']) expect(parseMessage({ ...message, [key]: undefined })).toBeUndefined()
  })

  test('drops emotes that overlap or lie outside the text, so that the text can be cut at them', () => {
    const spot = fc.tuple(fc.string(), fc.integer({ min: -5, max: 30 }), fc.integer({ min: -5, max: 30 }))
    fc.assert(
      fc.property(fc.array(spot), fc.string({ maxLength: 20 }), (e, x) => {
        let end = 0
        for (const [, from, to] of parseMessage({ ...message, x, e })?.emotes ?? []) {
          expect(from).toBeGreaterThanOrEqual(end)
          expect(to).toBeGreaterThan(from)
          expect(to).toBeLessThanOrEqual(x.length)
          end = to
        }
      }),
    )
  })
})

describe('parseFrame', () => {
  test('reads a batch and counts what was in it', () => {
    const frame = parseFrame(JSON.stringify({ type: 'batch', seq: 7, n: 2, m: [message, { broken: true }] }))
    expect(frame).toMatchObject({ type: 'batch', seq: 7, n: 2, messages: [{ id: 'a1' }] })
  })

  test('reads the messages of a hello', () => {
    const frame = parseFrame(
      JSON.stringify({
        type: 'hello',
        channel: 'c',
        epoch: 7,
        seq: 3,
        resumed: false,
        server_time: 1,
        recent: [message],
      }),
    )
    expect(frame).toMatchObject({
      type: 'hello',
      epoch: '7',
      resumed: false,
      recent: [{ id: 'a1', label: 'positive' }],
    })
  })

  test.each([
    '',
    'null',
    '[]',
    '"hello"',
    '{}',
    '{"type":"from the future"}',
    '{"type":"toString"}',
    '{"type":"hello"}',
    '{"type":"batch","seq":"1","m":[]}',
    '{"type":"batch","seq":1,"m":{}}',
    '{"type":"stats","seq":1}',
    '{"type":"gap"}',
    '{"type":"delete"}',
    '{"type":"status"}',
  ])('ignores %s', (text) => {
    expect(parseFrame(text)).toBeUndefined()
  })

  test('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        parseFrame(text)
      }),
    )
  })
})

test('flags say what is not counted', () => {
  const of = (f: string) => {
    const m = parseMessage({ ...message, f })
    if (m === undefined) throw new Error('the message was refused')
    return m
  }
  expect(isUncounted(of('b'))).toBe(true)
  expect(isUncounted(of('Sc'))).toBe(true)
  expect(isUncounted(of('r'))).toBe(true)
  expect(isUncounted(of('SM1'))).toBe(false)
  expect(hasFlag(of('S?'), Flag.question)).toBe(true)
})
