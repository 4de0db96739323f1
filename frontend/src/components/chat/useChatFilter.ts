import { useCallback, useMemo } from 'react'
import { useAddress } from '../../hooks/useAddress'
import { useTyped } from '../../hooks/useTyped'
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

/** What of chat is shown, kept in the page's address: `?show=positive,negative&only=question&q=text`. */
export function useChatFilter(): ChatFilter {
  const [params, put] = useAddress()
  const show = params.get('show')
  const only = params.get('only')
  const write = useCallback(
    (q: string) => {
      put({ q })
    },
    [put],
  )
  const [query, setQuery] = useTyped(params.get('q') ?? '', write, writeDelay)

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
