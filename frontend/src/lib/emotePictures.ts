import { useSyncExternalStore } from 'react'
import { useQuery } from '@tanstack/react-query'
import { infoQuery } from '../api/queries'
import { storage } from './storage'

const key = 'chatmood:emotes'
const listeners = new Set<() => void>()

const chosen = (): boolean => storage.get(key) === 'pictures'

export function setEmotePictures(on: boolean): void {
  storage.set(key, on ? 'pictures' : null)
  for (const listener of listeners) listener()
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

export interface EmotePictures {
  /** The host that pictures would come from; undefined where the operator allows none. */
  host: string | undefined
  /** The reader wants them. */
  on: boolean
  /** Where they are; undefined unless they are allowed and wanted. */
  origin: string | undefined
}

/**
 * Pictures of emotes come from another server, which then learns the reader's
 * address. So the operator must allow them and the reader must choose them.
 */
export function useEmotePictures(): EmotePictures {
  const on = useSyncExternalStore(subscribe, chosen)
  const allowed = useQuery(infoQuery).data?.emote_images ?? ''
  if (allowed === '' || !URL.canParse(allowed)) return { host: undefined, on: false, origin: undefined }
  return { host: new URL(allowed).host, on, origin: on ? allowed : undefined }
}

/** Address of an emote's picture, as Twitch has them; size 1 is 28 px high, 2 twice that. */
export const emoteURL = (origin: string, id: string, theme: 'light' | 'dark', size: 1 | 2): string =>
  `${origin}/emoticons/v2/${encodeURIComponent(id)}/default/${theme}/${size}.0`
