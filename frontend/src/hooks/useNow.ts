import { useEffect, useState } from 'react'

/** This machine's time in Unix ms, renewed every `interval` ms while `active`. */
export function useNow(interval = 1000, active = true): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!active) return
    const tick = () => {
      setNow(Date.now())
    }
    tick()
    const id = setInterval(tick, interval)
    return () => {
      clearInterval(id)
    }
  }, [interval, active])
  return now
}
