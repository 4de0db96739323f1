import { storage } from '../lib/storage'

/**
 * The sign-in as the page knows it. The page itself lives on HttpOnly cookies
 * that no script can read; what is kept here is
 *
 * - a mark that there is a sign-in, so that guests are not asked about one;
 * - the short-lived access token under `token`, for scripts and API clients of
 *   the reader's own, and for pages that are served from another host than the
 *   API, where cookies do not go. It is valid for minutes, not for a session.
 */
const mark = 'chatmood:signed-in'
const tokenKey = 'token'

// Where storage is blocked the sign-in lasts as long as the page.
let marked: boolean | undefined
let held: string | null | undefined
const listeners = new Set<(token: string) => void>()

export const session = {
  exists: (): boolean => marked ?? storage.get(mark) !== null,
  token: (): string | null => (held === undefined ? storage.get(tokenKey) : held),
  keep(token: string): void {
    marked = true
    held = token
    storage.set(mark, '1')
    storage.set(tokenKey, token)
    for (const told of listeners) told(token)
  },
  /** Calls back with each new token until what it returns is called. */
  subscribe(told: (token: string) => void): () => void {
    listeners.add(told)
    return () => {
      listeners.delete(told)
    }
  },
  drop(): void {
    marked = false
    held = null
    storage.set(mark, null)
    storage.set(tokenKey, null)
  },
  /** Another window signed in or out: what is stored is what holds. */
  reread(): void {
    marked = undefined
    held = undefined
  },
}

/** Calls back when another window of this browser signs in or out. */
export function onOtherWindow(changed: () => void): () => void {
  const listen = (event: StorageEvent) => {
    if (event.key !== mark && event.key !== null) return
    session.reread()
    const token = session.token()
    if (token !== null) for (const told of listeners) told(token)
    changed()
  }
  window.addEventListener('storage', listen)
  return () => {
    window.removeEventListener('storage', listen)
  }
}
