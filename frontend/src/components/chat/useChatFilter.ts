import { useCallback, useEffect, useMemo, useState } from 'react'
import { useSearchParams } from 'react-router'
import { labels, type Label } from '../../live/protocol'
import type { Row } from '../../live/store'

export interface ChatFilter {
  /** Labels shown; all three when nothing is filtered. */
  shown: ReadonlySet<Label>
  query: string
  /** Whether anything is left out. */
  active: boolean
  toggle: (label: Label) => void
  setQuery: (query: string) => void
  clear: () => void
}

/** Wait before the search text goes into the address, ms: browsers limit such changes. */
const writeDelay = 300

/** What of chat is shown, kept in the page's address: `?show=positive,negative&q=text`. */
export function useChatFilter(): ChatFilter {
  const [params, setParams] = useSearchParams()
  const show = params.get('show')
  const inAddress = params.get('q') ?? ''
  // What is typed holds at once; the address follows, and begins it.
  const [query, setQuery] = useState(inAddress)

  const put = useCallback(
    (key: string, value: string) => {
      setParams(
        (old) => {
          const next = new URLSearchParams(old)
          if (value === '') next.delete(key)
          else next.set(key, value)
          return next
        },
        { replace: true, preventScrollReset: true },
      )
    },
    [setParams],
  )

  useEffect(() => {
    if (query === inAddress) return
    const id = setTimeout(() => {
      put('q', query)
    }, writeDelay)
    return () => {
      clearTimeout(id)
    }
  }, [query, inAddress, put])

  const shown = useMemo(() => {
    const listed = labels.filter((l) => (show ?? '').split(',').includes(l))
    return new Set(listed.length === 0 ? labels : listed)
  }, [show])

  const toggle = useCallback(
    (label: Label) => {
      // From all, one press shows that label alone; the next ones add and take away.
      const all = shown.size === labels.length
      const next = all ? [label] : labels.filter((l) => (l === label ? !shown.has(l) : shown.has(l)))
      put('show', next.length === labels.length ? '' : next.join(','))
    },
    [shown, put],
  )
  const clear = useCallback(() => {
    setQuery('')
    setParams(
      (old) => {
        const next = new URLSearchParams(old)
        next.delete('show')
        next.delete('q')
        return next
      },
      { replace: true, preventScrollReset: true },
    )
  }, [setParams])

  return {
    shown,
    query,
    active: query.trim() !== '' || shown.size < labels.length,
    toggle,
    setQuery,
    clear,
  }
}

/** The rows that a filter lets through. What is no message always stays: it explains what is around it. */
export function filterRows(rows: readonly Row[], shown: ReadonlySet<Label>, query: string): readonly Row[] {
  const wanted = query.trim().toLowerCase()
  const all = shown.size === labels.length
  if (all && wanted === '') return rows
  return rows.filter((row) => {
    if (row.kind !== 'message') return wanted === ''
    const { message: m } = row
    if (!all && !shown.has(m.label)) return false
    return (
      wanted === '' ||
      m.text.toLowerCase().includes(wanted) ||
      m.login.includes(wanted) ||
      m.name.toLowerCase().includes(wanted)
    )
  })
}
