import { useCallback, useEffect, useState } from 'react'

/** The text, the one in the address as last seen, and those on their way there, oldest first. */
interface Typed {
  text: string
  address: string
  written: readonly string[]
}

/** What the text is once the address has changed: the address's, unless it only caught up with what was typed. */
function follow(typed: Typed, address: string): Typed {
  const own = typed.written.indexOf(address)
  if (own === -1) return { text: address, address, written: [] }
  return { ...typed, address, written: typed.written.slice(own + 1) }
}

/**
 * A text that is typed, with a copy in the page's address. What is typed holds
 * at once; `write` puts it into the address `delay` ms after the last key, or
 * when `commit` is called where there is no delay. The address begins it, and
 * changes it when something else on the page or the way back does. It may come
 * late, when more has been typed meanwhile: what was written here is no news.
 */
export function useTyped(
  address: string,
  write: (text: string) => void,
  delay?: number,
): readonly [text: string, setText: (text: string) => void, commit: (text: string) => void] {
  const [typed, setTyped] = useState<Typed>({ text: address, address, written: [] })
  if (typed.address !== address) setTyped(follow(typed, address))
  const { text } = typed
  const setText = useCallback((next: string) => {
    setTyped((old) => ({ ...old, text: next }))
  }, [])
  const commit = useCallback(
    (next: string) => {
      setTyped((old) =>
        next === old.address && old.written.length === 0
          ? { ...old, text: next }
          : { ...old, text: next, written: [...old.written, next] },
      )
      write(next)
    },
    [write],
  )
  useEffect(() => {
    if (delay === undefined || text === address) return
    const id = setTimeout(() => {
      commit(text)
    }, delay)
    return () => {
      clearTimeout(id)
    }
  }, [text, address, delay, commit])
  return [text, setText, commit]
}
