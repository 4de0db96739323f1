import { Keyboard, Monitor, Moon, Sun } from 'lucide-react'
import { Suspense, useEffect, useRef, useState } from 'react'
import { Link, NavLink, Outlet, ScrollRestoration, useLocation } from 'react-router'
import { useHotkeys } from '../hooks/useHotkeys'
import { useTheme } from '../hooks/useTheme'
import { t } from '../i18n'
import { KeysDialog } from './KeysDialog'
import { Logo } from './Logo'
import { Loading } from './states'
import { IconButton } from './ui'

const themeIcons = { system: Monitor, light: Sun, dark: Moon }

/** What surrounds every page: header, navigation, theme, keyboard list. */
export function Shell() {
  const { choice, next } = useTheme()
  const [keysOpen, setKeysOpen] = useState(false)
  useHotkeys({
    '?': () => {
      setKeysOpen(true)
    },
    t: next,
  })
  const main = usePageFocus()
  const ThemeIcon = themeIcons[choice]
  return (
    <>
      <a
        href="#main"
        className="sr-only z-10 rounded-md bg-accent-solid px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t.app.skip}
      </a>
      <header className="sticky top-0 z-10 flex h-(--header) shrink-0 items-center gap-1 border-b border-line bg-surface px-3 sm:gap-4 sm:px-4">
        <Link
          to="/"
          className="mr-auto flex items-center gap-2 rounded-md text-base font-semibold sm:mr-0"
          aria-label={t.app.name}
        >
          <Logo className="size-5" />
          <span className="max-[419px]:hidden">{t.app.name}</span>
        </Link>
        <nav aria-label={t.app.nav} className="flex items-center sm:mr-auto sm:gap-1">
          {(
            [
              ['/', t.app.home],
              ['/sessions', t.app.sessions],
              ['/about', t.app.about],
            ] as const
          ).map(([to, name]) => (
            <NavLink
              key={to}
              to={to}
              end={to === '/'}
              className="rounded-md px-2 py-1 text-muted hover:bg-hover hover:text-text aria-[current=page]:font-medium aria-[current=page]:text-text"
            >
              {name}
            </NavLink>
          ))}
        </nav>
        <IconButton
          label={t.app.keys}
          className="max-sm:hidden"
          onClick={() => {
            setKeysOpen(true)
          }}
        >
          <Keyboard aria-hidden className="size-4" />
        </IconButton>
        <IconButton label={t.app.theme[choice]} onClick={next}>
          <ThemeIcon aria-hidden className="size-4" />
        </IconButton>
      </header>
      <main id="main" ref={main} tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </main>
      <ScrollRestoration />
      <KeysDialog
        open={keysOpen}
        onClose={() => {
          setKeysOpen(false)
        }}
      />
    </>
  )
}

/** After a change of page the focus goes to the new one, as it would on a site of plain pages. */
function usePageFocus() {
  const main = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  const shown = useRef(pathname)
  useEffect(() => {
    if (shown.current === pathname) return
    shown.current = pathname
    main.current?.focus({ preventScroll: true })
  }, [pathname])
  return main
}
