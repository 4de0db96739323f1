import { describe, expect, test } from 'vitest'
import { isGoodPassword, keepsRule } from './password'

describe('the rules for passwords', () => {
  test.each([
    ['Abcdef1!', true],
    ['Abcde1!', false],
    ['abcdef1!', false],
    ['ABCDEF1!', false],
    ['Abcdefg!', false],
    ['Abcdefg1', false],
    // These do not count as signs.
    ["Abcdef1_-+=/;'[]", false],
    ['Äbcdefg1!', false],
    [`Aa1!${'x'.repeat(124)}`, true],
    [`Aa1!${'x'.repeat(125)}`, false],
  ])('%s: %s', (password, good) => {
    expect(isGoodPassword(password)).toBe(good)
  })

  test('length counts characters, not UTF-16 units', () => {
    expect(keepsRule('length', '😀😀😀😀')).toBe(false)
    expect(keepsRule('length', '😀😀😀😀😀😀😀😀')).toBe(true)
  })
})
