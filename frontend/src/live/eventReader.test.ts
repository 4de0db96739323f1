import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventReader, maxEvent } from './eventReader'

const read = (...pieces: string[]): string[] => {
  const reader = new EventReader()
  return pieces.flatMap((p) => reader.push(p))
}

describe('EventReader', () => {
  test.each([
    ['one event', 'id: 1.2\ndata: {"a":1}\n\n', ['{"a":1}']],
    ['no space after the colon', 'data:x\n\n', ['x']],
    ['one space goes, the next stays', 'data:  x\n\n', [' x']],
    ['several lines of data', 'data: a\ndata: b\n\n', ['a\nb']],
    ['a field without a colon', 'data\n\n', ['']],
    ['comments and other fields', ': hello\nevent: e\nretry: 5\ndatax: no\ndata: a\n\n', ['a']],
    ['an event without data', 'id: 1\n\n: beat\n\ndata: a\n\n', ['a']],
    ['carriage returns', 'data: a\r\rdata: b\r\n\r\n', ['a', 'b']],
    ['a byte order mark', '\u{feff}data: a\n\n', ['a']],
    ['what is not over yet', 'data: a\n\ndata: b\n', ['a']],
  ])('%s', (_, text, want) => {
    expect(read(text)).toEqual(want)
  })

  test('events do not depend on where the text was cut', () => {
    const line = fc.oneof(
      fc.constantFrom('', 'data: a', 'data:', ': c', 'id: 7', 'data: 😀', 'x'),
      fc.string().map((s) => `data: ${s.replaceAll(/[\r\n]/g, '')}`),
    )
    const text = fc
      .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 30 })
      .map((lines) => lines.flat().join('') + 'data: end\n\n')
    fc.assert(
      fc.property(text, fc.array(fc.nat({ max: 400 }), { maxLength: 20 }), (whole, cuts) => {
        const places = [0, ...cuts.filter((c) => c < whole.length).sort((a, b) => a - b), whole.length]
        const pieces = places.slice(1).map((to, i) => whole.slice(places[i], to))
        expect(read(...pieces)).toEqual(read(whole))
      }),
    )
  })

  test('an event without an end is not collected for ever', () => {
    const reader = new EventReader()
    const piece = 'x'.repeat(1 << 20)
    reader.push('data: ')
    expect(() => {
      for (let size = 0; size <= maxEvent; size += piece.length) reader.push(piece)
    }).toThrow('too large')
    const lines = new EventReader()
    expect(() => {
      for (let size = 0; size <= maxEvent; size += piece.length) lines.push(`data: ${piece}\n`)
    }).toThrow('too large')
  })
})
