import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contrastOf, makeReadable, minContrast, nameColor } from './color'

const color = fc.integer({ min: 0, max: 0xffffff }).map((n) => `#${n.toString(16).padStart(6, '0')}`)

test('every colour becomes readable on every background of the page', () => {
  fc.assert(
    fc.property(color, fc.constantFrom('#1a1d22', '#f6f7f9', '#000000', '#ffffff'), (c, background) => {
      expect(contrastOf(makeReadable(c, background), background)).toBeGreaterThanOrEqual(minContrast)
    }),
  )
})

test('a readable colour stays as it is', () => {
  expect(makeReadable('#ffffff', '#000000')).toBe('#ffffff')
})

test('contrast is that of WCAG', () => {
  expect(contrastOf('#ffffff', '#000000')).toBeCloseTo(21)
  expect(contrastOf('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
})

test('who chose no colour gets the same one each time', () => {
  expect(nameColor(undefined, 'somebody', 'dark')).toBe(nameColor(undefined, 'somebody', 'dark'))
  expect(nameColor('red', 'somebody', 'dark')).toBe(nameColor(undefined, 'somebody', 'dark'))
  expect(nameColor('#0000FF', 'somebody', 'dark')).not.toBe(nameColor('#0000FF', 'somebody', 'light'))
})
