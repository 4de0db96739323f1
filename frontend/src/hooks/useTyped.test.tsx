import { act, cleanup, fireEvent, render, renderHook, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SearchField } from '../components/lists'
import { useTyped } from './useTyped'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

/** A text with an address that comes when the test says so. */
function open(delay?: number) {
  const written: string[] = []
  const write = (text: string) => written.push(text)
  const { result, rerender } = renderHook(({ address }) => useTyped(address, write, delay), {
    initialProps: { address: '' },
  })
  return {
    written,
    text: () => result.current[0],
    type: (text: string) => {
      act(() => {
        result.current[1](text)
      })
    },
    commit: (text: string) => {
      act(() => {
        result.current[2](text)
      })
    },
    wait: () => {
      act(() => {
        vi.advanceTimersByTime(1000)
      })
    },
    arrive: (address: string) => {
      rerender({ address })
    },
  }
}

test('what is typed stays while the address is late, and is not written twice', () => {
  const field = open(250)
  field.type('one')
  field.wait()
  expect([field.text(), field.written]).toEqual(['one', ['one']])
  field.type('one two')
  field.arrive('one')
  expect(field.text()).toBe('one two')
  field.wait()
  field.arrive('one two')
  field.wait()
  expect([field.text(), field.written]).toEqual(['one two', ['one', 'one two']])
})

test('an address from elsewhere is taken, also one that was typed before', () => {
  const field = open(250)
  field.type('one')
  field.wait()
  field.arrive('one')
  field.arrive('other')
  expect(field.text()).toBe('other')
  field.arrive('one')
  expect(field.text()).toBe('one')
  field.wait()
  expect(field.written).toEqual(['one'])
})

test('without a delay only what is committed is written', () => {
  const field = open()
  field.type('some')
  field.wait()
  expect(field.written).toEqual([])
  field.commit('somebody')
  field.type('somebody else')
  field.arrive('somebody')
  expect([field.text(), field.written]).toEqual(['somebody else', ['somebody']])
})

test('a list’s search field keeps its text until the address has it', () => {
  const asked: string[] = []
  const onSearch = (text: string) => asked.push(text)
  const field = () => screen.getByRole<HTMLInputElement>('searchbox')
  const { rerender } = render(<SearchField label="Search" value="" onSearch={onSearch} />)
  fireEvent.change(field(), { target: { value: 'SECOND' } })
  act(() => {
    vi.advanceTimersByTime(300)
  })
  expect(asked).toEqual(['SECOND'])
  expect(field().value).toBe('SECOND')
  rerender(<SearchField label="Search" value="SECOND" onSearch={onSearch} />)
  expect(field().value).toBe('SECOND')
  rerender(<SearchField label="Search" value="" onSearch={onSearch} />)
  expect(field().value).toBe('') // filters were cleared
})
