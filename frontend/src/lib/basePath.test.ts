import { expect, test } from 'vitest'
import { basePath, misplaced } from './basePath'

test('without a word from the server the page is at the root', () => {
  expect(basePath).toBe('')
})

test.each([
  ['', '/analyze/x', undefined],
  ['/mood', '/mood', undefined],
  ['/mood', '/mood/', undefined],
  ['/mood', '/mood/analyze/x', undefined],
  ['/mood', '/', '/mood/?a=1#b'],
  ['/mood', '/moody', '/mood/moody?a=1#b'],
  ['/mood', '/analyze/x', '/mood/analyze/x?a=1#b'],
])('below %o, %s belongs to %o', (base, pathname, want) => {
  expect(misplaced(base, { pathname, search: '?a=1', hash: '#b' })).toBe(want)
})
