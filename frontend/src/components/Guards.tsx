import { Link, Outlet, useLocation } from 'react-router'
import { useAuth } from '../contexts/auth'
import { t } from '../i18n'
import { signInPath } from './auth/links'
import { buttonClass } from './buttonClass'
import { EmptyState, Loading } from './states'

/** Pages for signed-in people: others are asked to sign in, and come back. */
export function RequireUser() {
  const { user } = useAuth()
  if (user === undefined) return <Loading />
  return user === null ? <SignInNeeded /> : <Outlet />
}

export function SignInNeeded({ text = t.account.needed.text }: { text?: string }) {
  const location = useLocation()
  return (
    <EmptyState heading={t.account.needed.heading} text={text}>
      <Link to={signInPath(location)} className={buttonClass('solid')}>
        {t.account.signIn}
      </Link>
      <Link to="/" className={buttonClass()}>
        {t.common.homeLink}
      </Link>
    </EmptyState>
  )
}

/** Pages for administrators. */
export function RequireAdmin() {
  const { user, isAdmin } = useAuth()
  if (user == null) return <RequireUser />
  if (!isAdmin) {
    return (
      <EmptyState heading={t.account.adminOnly.heading} text={t.account.adminOnly.text}>
        <Link to="/" className={buttonClass()}>
          {t.common.homeLink}
        </Link>
      </EmptyState>
    )
  }
  return <Outlet />
}
