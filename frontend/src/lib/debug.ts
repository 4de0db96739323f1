import type { LiveStore } from '../live/store'

/** What browser tests read. */
export interface Debug {
  messageIds: () => string[]
  since: () => string | undefined
  /** How much the page holds, see [LiveStore.held]. */
  held: () => number
}

declare global {
  interface Window {
    __chatmood?: Debug
  }
}

/**
 * Lets browser tests read the store, only where they asked for it with the
 * session storage item `chatmood:test`. Returns how to undo it.
 */
export function exposeForTests(store: LiveStore): () => void {
  try {
    if (sessionStorage.getItem('chatmood:test') === null) return () => undefined
  } catch {
    return () => undefined
  }
  window.__chatmood = {
    messageIds: () => store.messageIds(),
    since: () => store.since(),
    held: () => store.held,
  }
  return () => {
    delete window.__chatmood
  }
}
