import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, describe, expect, test } from 'vitest'
import { labels, parseMessage, type ChatMessage, type Label } from '../../live/protocol'
import type { Row } from '../../live/store'
import { wireMessage, type WireMessage } from '../../live/testing'
import { ChatRow } from './MessageRow'
import { everything, filterRows, type Trait } from './useChatFilter'

afterEach(cleanup)

function message(more: Partial<WireMessage> & Record<string, unknown> = {}): ChatMessage {
  const m = parseMessage({ ...wireMessage(1), ...more })
  if (m === undefined) throw new Error('the message was refused')
  return m
}

const row = (m: ChatMessage, deleted = false): Row => ({
  kind: 'message',
  key: m.id,
  order: 0,
  message: m,
  deleted,
})

const show = (m: ChatMessage, deleted = false) =>
  render(<ChatRow row={row(m, deleted)} theme="dark" />).container

describe('a chat row', () => {
  test.each([
    ['p', 'positive'],
    ['u', 'neutral'],
    ['n', 'negative'],
  ] as const)('label %s is told by word and by shape', (l, word) => {
    const container = show(message({ l }))
    expect(screen.getByText(word)).toBeDefined()
    expect(container.querySelector('svg path')).not.toBeNull()
  })

  test('text is text, whatever it looks like', () => {
    const container = show(
      message({ x: '<img src=x onerror=alert(1)> https://example.org', e: [['25', 0, 4]] }),
    )
    expect(container.querySelector('img, a, script')).toBeNull()
    expect(container.textContent).toContain('<img src=x onerror=alert(1)> https://example.org')
  })

  test('emotes keep their names in the text', () => {
    const container = show(
      message({
        x: 'hi Kappa Kappa!',
        e: [
          ['25', 3, 8],
          ['25', 9, 14],
        ],
      }),
    )
    expect(container.textContent).toContain('hi Kappa Kappa!')
    expect(screen.getAllByText('Kappa')).toHaveLength(2)
  })

  test('says who writes', () => {
    show(message({ n: 'Some_Body', f: 'BMVS1', c: '#FF0000' }))
    expect(screen.getByText('Some_Body').getAttribute('title')).toContain('chatter_1')
    for (const badge of ['Broadcaster', 'Moderator', 'VIP', 'Subscriber'])
      expect(screen.getByTitle(badge)).toBeDefined()
    expect(screen.getByText('First message')).toBeDefined()
  })

  test.each([
    ['b', 'bot'],
    ['c', 'command'],
    ['r', 'from another room'],
  ])('what is not counted (%s) has no label but says why', (f, why) => {
    show(message({ f, l: 'p' }))
    expect(screen.queryByText('positive')).toBeNull()
    expect(screen.getByText(why)).toBeDefined()
  })

  test('deleted lines are struck and say so', () => {
    const container = show(message(), true)
    expect(container.querySelector('.line-through')?.textContent).toBe('line 1')
    expect(screen.getByText('deleted')).toBeDefined()
  })

  test('replies, /me and bits show', () => {
    const container = show(message({ r: { id: 'p', u: 'parent', x: 'the question' }, f: 'a', $: 1000 }))
    expect(container.textContent).toContain('Reply to parent')
    expect(container.textContent).toContain('the question')
    expect(container.querySelector('.italic')?.textContent).toBe('line 1')
    expect(screen.getByText('1,000 bits')).toBeDefined()
  })

  test('holes are explained between the messages', () => {
    const { container, rerender } = render(
      <ChatRow row={{ kind: 'missed', key: 'x', order: 0, missed: 1234, why: 'slow' }} theme="light" />,
    )
    expect(container.textContent).toContain('1,234 messages missed')
    const gap = { from: '2026-01-01T10:00:00Z', to: '2026-01-01T10:00:30Z', reason: 'connection_lost' }
    rerender(<ChatRow row={{ kind: 'outage', key: 'y', order: 0, gap }} theme="light" />)
    expect(container.textContent).toContain('30 s')
  })
})

describe('filterRows', () => {
  const all = new Set(labels)
  const rows: Row[] = [
    row(message({ id: 'a', l: 'p', x: 'What a GREAT day' })),
    row(message({ id: 'b', l: 'n', x: 'awful', u: 'grumpy', n: 'GrumpY_One' })),
    { kind: 'missed', key: 'x', order: 0, missed: 3, why: 'slow' },
    row(message({ id: 'c', l: 'u', x: 'great?' })),
  ]
  const keys = (shown: ReadonlySet<Label>, query: string) =>
    filterRows(rows, { labels: shown, traits: new Set(), query }).map((r) => r.key)

  test('lets everything through untouched when nothing is asked', () => {
    expect(filterRows(rows, { ...everything, query: '  ' })).toBe(rows)
  })

  test('by label; what is no message stays', () => {
    expect(keys(new Set(['positive']), '')).toEqual(['a', 'x'])
    expect(keys(new Set(['positive', 'neutral']), '')).toEqual(['a', 'x', 'c'])
  })

  test('by text or name, whatever the case', () => {
    expect(keys(all, 'great')).toEqual(['a', 'c'])
    expect(keys(all, 'GRUMPY_o')).toEqual(['b'])
    expect(keys(new Set(['neutral']), 'great')).toEqual(['c'])
  })

  test('by traits, all of which must hold', () => {
    const marked: Row[] = [
      row(message({ id: 'a', f: '?1' })),
      row(message({ id: 'b', f: '?' })),
      row(message({ id: 'c', f: 'US', e: [['25', 0, 5]], x: 'Kappa' })),
      { kind: 'missed', key: 'x', order: 0, missed: 3, why: 'slow' },
    ]
    const having = (...traits: Trait[]) =>
      filterRows(marked, { ...everything, traits: new Set(traits) }).map((r) => r.key)
    expect(having('question')).toEqual(['a', 'b'])
    expect(having('question', 'first')).toEqual(['a'])
    expect(having('unsure', 'subscriber', 'emote')).toEqual(['c'])
    expect(having('wave')).toEqual([])
  })
})
