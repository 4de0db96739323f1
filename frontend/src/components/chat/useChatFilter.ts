import { useCallback, useEffect, useMemo, useState } from 'react'
import { useSearchParams } from 'react-router'
import { Flag, hasFlag, labels, type ChatMessage, type Label } from '../../live/protocol'
import type { Row } from '../../live/store'

/** What else messages can be narrowed to; each chosen one must hold. */
export const traits = ['unsure', 'question', 'first', 'subscriber', 'emote', 'wave'] as const
export type Trait = (typeof traits)[number]

const hasTrait: Record<Trait, (m: ChatMessage) => boolean> = {
  unsure: (m) => hasFlag(m, Flag.unsure),
  question: (m) => hasFlag(m, Flag.question),
  first: (m) => hasFlag(m, Flag.first),
  subscriber: (m) => hasFlag(m, Flag.subscriber),
  emote: (m) => m.emotes.length > 0 || hasFlag(m, Flag.emoteOnly),
  wave: (m) => hasFlag(m, Flag.wave),
}

/** What a filter lets through. */
export interface Wanted {
  labels: ReadonlySet<Label>
  traits: ReadonlySet<Trait>
  query: string
}

export const everything: Wanted = { labels: new Set(labels), traits: new Set(), query: '' }

export interface ChatFilter extends Wanted {
  /** Whether anything is left out. */
  active: boolean
  toggle: (label: Label) => void
  toggleTrait: (trait: Trait) => void
  setQuery: (query: string) => void
  clear: () => void
}

/** Wait before the search text goes into the address, ms: browsers limit such changes. */
const writeDelay = 300

/** The search text, the one in the address as last seen, and those on their way there, oldest first. */
interface Typed {
  query: string
  address: string
  written: readonly string[]
}

/** What the search text is once the address has changed: the address's, unless it only caught up with what was typed. */
function follow(typed: Typed, address: string): Typed {
  const own = typed.written.indexOf(address)
  if (own === -1) return { query: address, address, written: [] }
  return { ...typed, address, written: typed.written.slice(own + 1) }
}

/** What of chat is shown, kept in the page's address: `?show=positive,negative&only=question&q=text`. */
export function useChatFilter(): ChatFilter {
  const [params, setParams] = useSearchParams()
  const show = params.get('show')
  const only = params.get('only')
  const inAddress = params.get('q') ?? ''
  // What is typed holds at once; the address follows. It begins it, too, and
  // changes it when a word or an emote is pressed elsewhere on the page. The
  // router lets an address wait while chat comes in, so what was written here
  // may come back when more was typed meanwhile: that is no news.
  const [typed, setTyped] = useState<Typed>({ query: inAddress, address: inAddress, written: [] })
  if (typed.address !== inAddress) setTyped(follow(typed, inAddress))
  const { query } = typed
  const setQuery = useCallback(
    (next: string) => {
      setTyped((old) => ({ ...old, query: next }))
    },
    [setTyped],
  )

  const put = useCallback(
    (changes: Record<string, string>) => {
      setParams(
        (old) => {
          const next = new URLSearchParams(old)
          for (const [key, value] of Object.entries(changes)) {
            if (value === '') next.delete(key)
            else next.set(key, value)
          }
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
      setTyped((old) => ({ ...old, written: [...old.written, query] }))
      put({ q: query })
    }, writeDelay)
    return () => {
      clearTimeout(id)
    }
  }, [query, inAddress, put])

  const shown = useMemo(() => {
    const listed = labels.filter((l) => (show ?? '').split(',').includes(l))
    return new Set(listed.length === 0 ? labels : listed)
  }, [show])
  const chosen = useMemo(() => new Set(traits.filter((x) => (only ?? '').split(',').includes(x))), [only])

  const toggle = useCallback(
    (label: Label) => {
      // From all, one press shows that label alone; the next ones add and take away.
      const all = shown.size === labels.length
      const next = all ? [label] : labels.filter((l) => (l === label ? !shown.has(l) : shown.has(l)))
      put({ show: next.length === labels.length ? '' : next.join(',') })
    },
    [shown, put],
  )
  const toggleTrait = useCallback(
    (trait: Trait) => {
      put({ only: traits.filter((x) => (x === trait ? !chosen.has(x) : chosen.has(x))).join(',') })
    },
    [chosen, put],
  )
  const clear = useCallback(() => {
    setQuery('')
    put({ show: '', only: '', q: '' })
  }, [put, setQuery])

  return {
    labels: shown,
    traits: chosen,
    query,
    active: query.trim() !== '' || shown.size < labels.length || chosen.size > 0,
    toggle,
    toggleTrait,
    setQuery,
    clear,
  }
}

/** The rows that a filter lets through. What is no message stays unless something is searched for: it explains what is around it. */
export function filterRows(rows: readonly Row[], wanted: Wanted): readonly Row[] {
  const text = wanted.query.trim().toLowerCase()
  const all = wanted.labels.size === labels.length
  const needed = [...wanted.traits]
  if (all && text === '' && needed.length === 0) return rows
  return rows.filter((row) => {
    if (row.kind !== 'message') return text === '' && needed.length === 0
    const { message: m } = row
    if (!all && !wanted.labels.has(m.label)) return false
    if (!needed.every((trait) => hasTrait[trait](m))) return false
    return (
      text === '' ||
      m.text.toLowerCase().includes(text) ||
      m.login.includes(text) ||
      m.name.toLowerCase().includes(text)
    )
  })
}
