import { expect, test } from 'vitest'
import { de } from './de'
import { en } from './en'

/** Every place in a catalogue, with what stands there. */
function* entries(part: unknown, path = ''): Generator<[path: string, value: unknown]> {
  if (typeof part === 'object' && part !== null)
    for (const [key, value] of Object.entries(part)) yield* entries(value, `${path}.${key}`)
  else yield [path, part]
}

test('German has a sentence, of the same kind, wherever English has one', () => {
  const english = new Map(entries(en))
  const german = new Map(entries(de))
  expect([...german.keys()].sort()).toEqual([...english.keys()].sort())
  for (const [path, value] of english) {
    const theirs = german.get(path)
    expect(typeof theirs, path).toBe(typeof value)
    expect(theirs, path).not.toBe('')
    // A function takes the same figures and names.
    if (typeof value === 'function') expect((theirs as () => string).length, path).toBe(value.length)
  }
})

test('sentences take in what they are given', () => {
  const given = ['ALPHA', 'BETA', 'GAMMA'] as const
  for (const catalogue of [en, de]) {
    for (const [path, value] of entries(catalogue)) {
      if (
        typeof value !== 'function' ||
        value.length === 0 ||
        path === '.live.summary' ||
        path === '.plot.text'
      )
        continue
      const text = (value as (...args: readonly string[]) => string)(...given)
      given.slice(0, value.length).forEach((word) => {
        expect(text, path).toContain(word)
      })
    }
  }
})
