/**
 * The path below which this page is served, without a slash at the end: ''
 * at the root. The server writes it into the page (BASE_PATH), so one build
 * serves anywhere; a build for a host of its own may fix it (`vite build --base`).
 */
export const basePath: string = told() ?? built()

function told(): string | undefined {
  const path = document.querySelector<HTMLMetaElement>('meta[name="base-path"]')?.content
  return path === undefined || path === '' ? undefined : path
}

function built(): string {
  const base = import.meta.env.BASE_URL
  return base.startsWith('/') ? base.replace(/\/+$/, '') : ''
}

/**
 * Where the page should rather be: a page that was opened without its base
 * path, at the server itself instead of the proxy. Undefined where all is well.
 */
export function misplaced(base: string, location: Pick<Location, 'pathname' | 'search' | 'hash'>) {
  const { pathname, search, hash } = location
  if (base === '' || pathname === base || pathname.startsWith(`${base}/`)) return undefined
  return base + pathname + search + hash
}
