/** Where to go after signing in: a page of ours that `?next=` names, or the first page. */
export function nextOf(search: URLSearchParams): string {
  const next = search.get('next') ?? ''
  // "//host" and "/\host" would be other sites.
  return /^\/(?![/\\])/.test(next) ? next : '/'
}

/** The sign-in page that leads back to where one is. */
export const signInPath = (from: { pathname: string; search: string }): string => {
  const here = from.pathname + from.search
  return here === '/' || here.startsWith('/login') ? '/login' : `/login?next=${encodeURIComponent(here)}`
}

export const textLink =
  'text-accent underline decoration-accent/40 underline-offset-2 hover:decoration-accent'
