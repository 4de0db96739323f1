import { useCallback } from 'react'
import { useSearchParams } from 'react-router'

/** What is put into the query of the address: nothing, or '', takes the key out. */
export type AddressChange = Readonly<Record<string, string | undefined>>

/**
 * The query of the page's address, and a way to change some of it. Changes hold
 * when the call returns: React Router would let them wait behind chat that comes
 * in, and whoever presses two buttons would lose the first. They replace the
 * page's place among those visited.
 */
export function useAddress(): readonly [params: URLSearchParams, change: (change: AddressChange) => void] {
  const [params, setParams] = useSearchParams()
  const change = useCallback(
    (changes: AddressChange) => {
      setParams(
        (old) => {
          const next = new URLSearchParams(old)
          for (const [key, value] of Object.entries(changes)) {
            if (value === undefined || value === '') next.delete(key)
            else next.set(key, value)
          }
          return next
        },
        { replace: true, preventScrollReset: true, flushSync: true },
      )
    },
    [setParams],
  )
  return [params, change]
}
