import { cleanup, render } from '@testing-library/react'
import { startTransition, useState } from 'react'
import { flushSync } from 'react-dom'
import { createMemoryRouter, RouterProvider } from 'react-router'
import { afterEach, expect, test } from 'vitest'
import { useAddress, type AddressChange } from './useAddress'

afterEach(cleanup)

test('a change of the address holds when the call returns, and the next one builds on it', () => {
  let put: (change: AddressChange) => void = () => undefined
  let later: () => void = () => undefined
  const seen: string[] = []
  function Page() {
    const [params, change] = useAddress()
    const [busy, setBusy] = useState(0)
    put = change
    later = () => {
      startTransition(() => {
        setBusy(busy + 1)
      })
    }
    seen.push(params.toString())
    return null
  }
  const router = createMemoryRouter([{ path: '*', element: <Page /> }], {
    initialEntries: ['/?old=1&gone=2'],
  })
  render(
    <RouterProvider
      router={router}
      flushSync={(update) => {
        flushSync(update)
        return undefined
      }}
    />,
  )
  later() // something that React will do when it has time
  put({ show: 'positive', gone: '' })
  expect(seen.at(-1)).toBe('old=1&show=positive')
  put({ only: 'question', q: undefined })
  expect(seen.at(-1)).toBe('old=1&show=positive&only=question')
  expect(router.state.historyAction).toBe('REPLACE')
})
