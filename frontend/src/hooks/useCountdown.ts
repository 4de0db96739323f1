import { useNow } from './useNow'

/** Whole seconds until a moment (Unix ms); undefined without one, 0 when it has passed. */
export function useCountdown(until: number | undefined): number | undefined {
  const now = useNow(500, until !== undefined)
  return until === undefined ? undefined : Math.max(0, Math.ceil((until - now) / 1000))
}
