import * as Menu from '@radix-ui/react-dropdown-menu'
import { useQuery } from '@tanstack/react-query'
import { Keyboard, Languages, Menu as MenuIcon, Monitor, Moon, Sun } from 'lucide-react'
import { Suspense, useEffect, useRef, useState } from 'react'
import { Link, NavLink, Outlet, ScrollRestoration, useLocation } from 'react-router'
import { infoQuery } from '../api/queries'
import { apiURL } from '../api/transport'
import { useAuth } from '../contexts/auth'
import { useHotkeys } from '../hooks/useHotkeys'
import { useTheme } from '../hooks/useTheme'
import { language, languages, setLanguage, t, type Language } from '../i18n'
import { cx } from '../lib/cx'
import { AccountMenu } from './AccountMenu'
import { KeysDialog } from './KeysDialog'
import { Logo } from './Logo'
import { menuClass, menuItemClass } from './menu'
import { Reach } from './Reach'
import { Loading } from './states'
import { Toaster } from './Toaster'
import { IconButton } from './ui'

const themeIcons = { system: Monitor, light: Sun, dark: Moon }

type Place = readonly [to: string, name: string]

/** The pages that the navigation offers to this reader. */
function usePlaces(): readonly Place[] {
  const { user, isAdmin } = useAuth()
  const info = useQuery(infoQuery)
  const guestsSee = info.data?.guests === undefined || info.data.guests !== 'none'
  const places: Place[] = [['/', t.app.home]]
  if (user != null) places.push(['/history', t.app.history])
  if (user != null || guestsSee) places.push(['/sessions', t.app.sessions])
  if (user != null) places.push(['/upload', t.app.upload])
  if (isAdmin) places.push(['/admin', t.app.admin])
  places.push(['/about', t.app.about])
  return places
}

/** What surrounds every page: header, navigation, theme, keyboard list, messages. */
export function Shell() {
  const { choice, next } = useTheme()
  const [keysOpen, setKeysOpen] = useState(false)
  const openKeys = () => {
    setKeysOpen(true)
  }
  useHotkeys({ '?': openKeys, t: next })
  const main = usePageFocus()
  const places = usePlaces()
  const { pathname } = useLocation()
  const ThemeIcon = themeIcons[choice]
  return (
    <>
      <a
        href="#main"
        className="sr-only z-10 rounded-md bg-accent-solid px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t.app.skip}
      </a>
      <header className="sticky top-0 z-10 flex h-(--header) shrink-0 items-center gap-1 border-b border-line bg-surface px-3 sm:px-4">
        <PhoneMenu places={places} onKeys={openKeys} />
        <Link
          to="/"
          className="mr-auto flex items-center gap-2 rounded-md text-base font-semibold md:mr-4"
          aria-label={t.app.name}
        >
          <Logo className="size-5" />
          <span>{t.app.name}</span>
        </Link>
        <nav aria-label={t.app.nav} className="mr-auto hidden items-center gap-1 md:flex">
          {places.map(([to, name]) => (
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
        <LanguageMenu />
        <IconButton label={t.app.keys} className="max-md:hidden" onClick={openKeys}>
          <Keyboard aria-hidden className="size-4" />
        </IconButton>
        <IconButton label={t.app.theme[choice]} onClick={next}>
          <ThemeIcon aria-hidden className="size-4" />
        </IconButton>
        <span className="ml-1 flex">
          <AccountMenu />
        </span>
      </header>
      <main id="main" ref={main} tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </main>
      {!pathname.startsWith('/analyze/') && pathname !== '/multi' && <Footer />}
      <ScrollRestoration />
      <KeysDialog
        open={keysOpen}
        onClose={() => {
          setKeysOpen(false)
        }}
      />
      <Reach />
      <Toaster />
    </>
  )
}

/** The navigation where there is no room for it beside the name. */
function PhoneMenu({ places, onKeys }: { places: readonly Place[]; onKeys: () => void }) {
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger
        aria-label={t.app.nav}
        className="mr-1 inline-flex size-8 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text md:hidden"
      >
        <MenuIcon aria-hidden className="size-4.5" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content align="start" sideOffset={8} collisionPadding={8} className={cx(menuClass, 'min-w-56')}>
          {places.map(([to, name]) => (
            <Menu.Item key={to} asChild>
              <NavLink
                to={to}
                end={to === '/'}
                className={cx(menuItemClass, 'min-h-10 text-base aria-[current=page]:font-semibold')}
              >
                {name}
              </NavLink>
            </Menu.Item>
          ))}
          <Menu.Separator className="my-1 h-px bg-line" />
          <Menu.Item className={cx(menuItemClass, 'min-h-10 text-base')} onSelect={onKeys}>
            {t.app.keys}
          </Menu.Item>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  )
}

function LanguageMenu() {
  const all = Object.entries(languages) as [Language, string][]
  if (all.length < 2) return null
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger
        aria-label={`${t.app.language}: ${languages[language]}`}
        title={t.app.language}
        className="inline-flex size-8 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text"
      >
        <Languages aria-hidden className="size-4" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content align="end" sideOffset={6} collisionPadding={8} className={menuClass}>
          <Menu.RadioGroup
            value={language}
            onValueChange={(next) => {
              setLanguage(next as Language)
            }}
          >
            {all.map(([code, name]) => (
              <Menu.RadioItem
                key={code}
                value={code}
                lang={code}
                className={cx(menuItemClass, 'data-[state=checked]:font-semibold')}
              >
                {name}
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  )
}

function Footer() {
  const info = useQuery(infoQuery)
  return (
    <footer className="mt-auto flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-4 text-xs text-faint">
      <nav aria-label={t.app.more} className="flex flex-wrap gap-x-4 gap-y-1">
        {(
          [
            ['/contact', t.app.contact],
            ['/privacy', t.app.privacy],
            ['/terms', t.app.terms],
          ] as const
        ).map(([to, name]) => (
          <Link key={to} to={to} className="hover:text-text hover:underline">
            {name}
          </Link>
        ))}
        <a href={apiURL('/docs/guide')} className="hover:text-text hover:underline">
          {t.app.guide}
        </a>
      </nav>
      {info.data !== undefined && <span className="ml-auto">{t.about.version(info.data.version)}</span>}
    </footer>
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
