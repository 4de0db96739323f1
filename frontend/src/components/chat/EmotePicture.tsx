import { useState } from 'react'
import { emoteURL } from '../../lib/emotePictures'
import type { Theme } from '../../lib/color'

/** Emotes whose picture did not come; they are not asked for again. */
const missing = new Set<string>()
const maxMissing = 1000

/**
 * An emote as its picture, in a box that is there from the start, so that
 * nothing moves when it comes. Its name is the text alternative, and stands in
 * its place when it does not come.
 */
export function EmotePicture({
  id,
  name,
  origin,
  theme,
}: {
  id: string
  name: string
  origin: string
  theme: Theme
}) {
  const [failed, setFailed] = useState(() => missing.has(id))
  if (failed) return <EmoteName name={name} />
  return (
    <img
      src={emoteURL(origin, id, theme, 1)}
      srcSet={`${emoteURL(origin, id, theme, 1)} 1x, ${emoteURL(origin, id, theme, 2)} 2x`}
      alt={name}
      title={name}
      width={24}
      height={24}
      decoding="async"
      draggable={false}
      referrerPolicy="no-referrer"
      onError={() => {
        if (missing.size < maxMissing) missing.add(id)
        setFailed(true)
      }}
      className="-my-1 inline-block size-6 overflow-hidden object-contain align-middle text-[0.5rem] leading-none"
    />
  )
}

/** An emote by its name, set off from the words around it. */
export function EmoteName({ name }: { name: string }) {
  return <span className="rounded-sm bg-raised px-0.5 font-medium text-muted not-italic">{name}</span>
}
