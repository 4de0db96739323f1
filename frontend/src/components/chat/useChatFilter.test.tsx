import { act, renderHook } from '@testing-library/react'
import type { ReactNode } from 'react'
import { MemoryRouter, useLocation } from 'react-router'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { useChatFilter } from './useChatFilter'

const wrapper = ({ children }: { children: ReactNode }) => <MemoryRouter>{children}</MemoryRouter>

/** The filter, every search text that was painted, and the address. */
function open() {
  const painted: string[] = []
  const { result } = renderHook(
    () => {
      const filter = useChatFilter()
      const { search } = useLocation()
      painted.push(filter.query)
      return { filter, search }
    },
    { wrapper },
  )
  return { result, painted }
}

describe('the search text', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('stays while the address follows it', () => {
    const { result, painted } = open()
    act(() => {
      result.current.filter.setQuery('first')
    })
    painted.length = 0
    act(() => {
      vi.advanceTimersByTime(1000)
    })
    expect(result.current.search).toBe('?q=first')
    expect(new Set(painted)).toEqual(new Set(['first']))
  })

  test('is not taken back by an address that is late', () => {
    const { result } = open()
    act(() => {
      result.current.filter.setQuery('first')
    })
    // In one go: the text is written, and cleared before the address has come.
    act(() => {
      vi.advanceTimersByTime(300)
      result.current.filter.setQuery('')
    })
    expect(result.current.filter.query).toBe('')
    act(() => {
      vi.advanceTimersByTime(1000)
    })
    expect(result.current.filter.query).toBe('')
    expect(result.current.search).toBe('')
  })

  test('is that of the address when something else changes it', () => {
    const { result } = open()
    act(() => {
      result.current.filter.setQuery('first')
    })
    act(() => {
      vi.advanceTimersByTime(1000)
    })
    act(() => {
      result.current.filter.clear()
    })
    expect(result.current.filter.query).toBe('')
    expect(result.current.search).toBe('')
  })
})
