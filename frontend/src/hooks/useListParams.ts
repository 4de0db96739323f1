import { useCallback, useMemo } from 'react'
import { useAddress } from './useAddress'

/**
 * What a list shows, kept in the page's address: a link to it, or the way back,
 * shows the same. What has its default is left out. Any change but one of the
 * page itself goes back to the first page.
 */
export function useListParams<T extends Record<string, string | number>>(
  defaults: T,
): readonly [values: T, set: (change: Partial<T>) => void] {
  const [params, put] = useAddress()
  const values = useMemo(() => {
    const read: Record<string, string | number> = { ...defaults }
    for (const [key, value] of Object.entries(defaults)) {
      const text = params.get(key)
      if (text === null) continue
      if (typeof value === 'string') read[key] = text
      else if (/^[1-9]\d{0,5}$/.test(text)) read[key] = Number(text)
    }
    return read as T
  }, [params, defaults])
  const set = useCallback(
    (change: Partial<T>) => {
      const changes: Record<string, string | undefined> = 'page' in change ? {} : { page: undefined }
      for (const [key, value] of Object.entries(change))
        changes[key] = value === undefined || value === defaults[key] ? undefined : String(value)
      put(changes)
    },
    [put, defaults],
  )
  return [values, set]
}
