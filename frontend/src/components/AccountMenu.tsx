import * as Menu from '@radix-ui/react-dropdown-menu'
import { useMutation, useQuery } from '@tanstack/react-query'
import { FileClock, LogOut, Settings, Shield } from 'lucide-react'
import type { ReactNode } from 'react'
import { Link, useLocation, useNavigate } from 'react-router'
import { nameOf, type User } from '../api/account'
import { infoQuery } from '../api/queries'
import { useAuth } from '../contexts/auth'
import { t } from '../i18n'
import { toast } from '../lib/toast'
import { signInPath } from './auth/links'
import { Avatar } from './Avatar'
import { buttonClass } from './buttonClass'
import { menuClass, menuItemClass } from './menu'

/** Who is signed in, and what is theirs; for guests the way to sign in. */
export function AccountMenu() {
  const { user } = useAuth()
  const location = useLocation()
  const info = useQuery(infoQuery)
  if (user === undefined) return <span className="size-8" />
  if (user === null) {
    // A server without accounts has nothing to sign in to.
    if (info.data?.accounts !== true) return null
    return (
      <Link to={signInPath(location)} className={buttonClass('soft')}>
        {t.account.signIn}
      </Link>
    )
  }
  return <SignedIn user={user} />
}

function SignedIn({ user }: { user: User }) {
  const { isAdmin, signOut } = useAuth()
  const navigate = useNavigate()
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess: async () => {
      await navigate('/')
      toast.done(t.account.signedOut)
    },
    onError: (error) => {
      toast.bad(t.account.signOutFailed, error.message)
    },
  })
  return (
    // Not modal: a modal menu locks scrolling with a style element, which the policy forbids.
    <Menu.Root modal={false}>
      <Menu.Trigger
        aria-label={t.account.menu(nameOf(user))}
        className="flex size-8 shrink-0 items-center justify-center rounded-full hover:bg-hover"
      >
        <Avatar user={user} />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content align="end" sideOffset={6} collisionPadding={8} className={menuClass}>
          <div className="border-b border-line px-3 pt-1.5 pb-2.5">
            <p className="text-xs text-muted">{t.account.signedInAs}</p>
            <p className="max-w-56 truncate font-medium">{nameOf(user)}</p>
            <p className="max-w-56 truncate text-muted">{user.email}</p>
          </div>
          <div className="py-1">
            <Item to="/history" icon={<FileClock aria-hidden className="size-4" />}>
              {t.account.history}
            </Item>
            <Item to="/settings" icon={<Settings aria-hidden className="size-4" />}>
              {t.account.settings}
            </Item>
            {isAdmin && (
              <Item to="/admin/dashboard" icon={<Shield aria-hidden className="size-4" />}>
                {t.account.admin}
              </Item>
            )}
          </div>
          <div className="border-t border-line pt-1">
            <Menu.Item
              className={menuItemClass}
              onSelect={() => {
                leave.mutate()
              }}
            >
              <LogOut aria-hidden className="size-4" />
              {t.account.signOut}
            </Menu.Item>
          </div>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  )
}

function Item({ to, icon, children }: { to: string; icon: ReactNode; children: ReactNode }) {
  return (
    <Menu.Item asChild>
      <Link to={to} className={menuItemClass}>
        {icon}
        {children}
      </Link>
    </Menu.Item>
  )
}
