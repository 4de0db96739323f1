import { useState } from 'react'
import { apiURL } from '../api/transport'
import { nameOf, type User } from '../api/account'
import { cx } from '../lib/cx'

/** Somebody's picture, or the first letters of the name. */
export function Avatar({
  user,
  className,
}: {
  user: Pick<User, 'first_name' | 'last_name' | 'email'> & { profile_image?: string | null }
  className?: string
}) {
  const image = user.profile_image ?? ''
  const [broken, setBroken] = useState('')
  const letters = nameOf(user)
    .split(/\s+/)
    .map((part) => Array.from(part)[0] ?? '')
    .slice(0, 2)
    .join('')
    .toUpperCase()
  const shape = cx('size-7 shrink-0 rounded-full', className)
  if (image === '' || image === broken) {
    return (
      // By the style sheet: letters in the page would have to be part of a button's name.
      <span
        aria-hidden
        data-letters={letters}
        className={cx(
          shape,
          'inline-flex items-center justify-center bg-accent-soft text-xs font-semibold text-accent before:content-[attr(data-letters)]',
        )}
      />
    )
  }
  return (
    <img
      alt=""
      src={image.startsWith('/') ? apiURL(image) : image}
      onError={() => {
        setBroken(image)
      }}
      className={cx(shape, 'bg-raised object-cover')}
    />
  )
}
