import { useCallback, useSyncExternalStore } from 'react'
import { storage } from '../lib/storage'
import { useMediaQuery } from './useMediaQuery'

export type ThemeChoice = 'system' | 'light' | 'dark'

// public/theme.js reads the same key before the first paint.
const key = 'chatmood:theme'
const order: readonly ThemeChoice[] = ['system', 'light', 'dark']
const listeners = new Set<() => void>()

const read = (): ThemeChoice => {
  const chosen = document.documentElement.dataset.theme
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system'
}

function choose(choice: ThemeChoice): void {
  if (choice === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = choice
  storage.set(key, choice === 'system' ? null : choice)
  for (const listener of listeners) listener()
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

/** The chosen theme, the one in effect, and a way to the next choice. */
export function useTheme(): {
  choice: ThemeChoice
  theme: 'light' | 'dark'
  next: () => void
  choose: (choice: ThemeChoice) => void
} {
  const choice = useSyncExternalStore(subscribe, read)
  const systemDark = useMediaQuery('(prefers-color-scheme: dark)')
  const next = useCallback(() => {
    choose(order[(order.indexOf(read()) + 1) % order.length] ?? 'system')
  }, [])
  return { choice, theme: choice === 'system' ? (systemDark ? 'dark' : 'light') : choice, next, choose }
}
