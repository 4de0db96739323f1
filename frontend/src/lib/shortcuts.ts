import { useSyncExternalStore } from 'react'
import { storage } from './storage'

const key = 'chatmood:keys'
const listeners = new Set<() => void>()

/** Whether single keys are shortcuts. They can be off: speech input and tremor press keys by accident (WCAG 2.1.4). */
export const shortcutsOn = (): boolean => storage.get(key) !== 'off'

export function setShortcuts(on: boolean): void {
  storage.set(key, on ? null : 'off')
  for (const listener of listeners) listener()
}

export const useShortcutsOn = (): boolean =>
  useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }, shortcutsOn)
