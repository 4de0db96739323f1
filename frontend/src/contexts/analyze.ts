import { createContext, useContext, useSyncExternalStore } from 'react'
import type { Link } from '../live/connection'
import type { LiveState, LiveStore } from '../live/store'

/** One channel's live analysis as components reach it. */
export interface Analyze {
  channel: string
  store: LiveStore
  /** The page's link to the server. */
  link: Link
  /** Connects again at once. */
  retry: () => void
}

export const AnalyzeContext = createContext<Analyze | undefined>(undefined)

/** The channel of the nearest AnalyzeProvider. */
export function useAnalyze(): Analyze {
  const value = useContext(AnalyzeContext)
  if (value === undefined) throw new Error('useAnalyze needs an AnalyzeProvider above it')
  return value
}

/** A part of the live state. The selector must return a part of the state itself, not a new object. */
export function useLive<T>(select: (state: LiveState) => T): T {
  const { store } = useAnalyze()
  return useSyncExternalStore(store.subscribe, () => select(store.getState()))
}
