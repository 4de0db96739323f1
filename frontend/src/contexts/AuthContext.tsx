import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, type ReactNode } from 'react'
import { account, type SignIn, type User } from '../api/account'
import { onOtherWindow, session } from '../api/session'
import { ApiError, isRefusal, renew, whenSignedOut } from '../api/transport'
import { t } from '../i18n'
import { toast } from '../lib/toast'
import { AuthContext } from './auth'

const key = ['me']
/** How often the page asks whether the sign-in still holds, ms: a suspension shows within 5 s. */
const checkEvery = 4000
/** The access token is renewed after this share of its life. */
const renewAt = 0.8

/** Knows who is signed in, and keeps the sign-in alive. */
export function AuthProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient()
  const me = useQuery<User | null>({
    queryKey: key,
    queryFn: async ({ signal }) => {
      if (!session.exists()) return null
      try {
        return await account.me(signal)
      } catch (error) {
        // Refused, and renewing did not help. (A server that is away says nothing.)
        if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return null
        throw error
      }
    },
    refetchInterval: (query) => (query.state.data == null && query.state.error === null ? false : checkEvery),
    refetchOnWindowFocus: true,
    staleTime: 1000,
  })
  const user = me.data

  const forget = useCallback(() => {
    session.drop()
    queries.setQueryData(key, null)
    // What was fetched for one user is not shown to the next.
    queries.removeQueries({ predicate: (q) => q.queryKey[0] !== 'me' && q.queryKey[0] !== 'info' })
  }, [queries])

  const ended = useCallback(
    (reason?: string) => {
      if (queries.getQueryData(key) == null) {
        session.drop()
        return
      }
      forget()
      toast.warn(t.account.ended, reason)
    },
    [queries, forget],
  )

  useEffect(() => whenSignedOut(ended), [ended])
  useEffect(
    () =>
      onOtherWindow(() => {
        void queries.invalidateQueries()
      }),
    [queries],
  )

  const signedIn = useCallback(
    (answer: SignIn) => {
      session.keep(answer.access_token)
      queries.removeQueries({ predicate: (q) => q.queryKey[0] !== 'me' && q.queryKey[0] !== 'info' })
      queries.setQueryData(key, answer.user)
    },
    [queries],
  )
  const setUser = useCallback(
    (changed: User) => {
      queries.setQueryData(key, changed)
    },
    [queries],
  )
  const signOut = useCallback(async () => {
    await account.logout()
    forget()
  }, [forget])

  // Renewed ahead of time, so that live sockets are not closed for it.
  const signedInNow = user != null
  useEffect(() => {
    if (!signedInNow) return
    let timer: ReturnType<typeof setTimeout>
    const plan = () => {
      timer = setTimeout(() => {
        void renew().then((failed) => {
          if (failed !== undefined && isRefusal(failed)) ended(failed.message)
          else plan()
        })
      }, untilRenewal(session.token()))
    }
    plan()
    return () => {
      clearTimeout(timer)
    }
  }, [signedInNow, ended])

  const value = useMemo(
    () => ({ user, isAdmin: user?.role === 'admin', signedIn, setUser, signOut, ended }),
    [user, signedIn, setUser, signOut, ended],
  )
  return <AuthContext value={value}>{children}</AuthContext>
}

/** Milliseconds until a token should be renewed; a minute where that cannot be told. */
function untilRenewal(token: string | null): number {
  const least = 60_000
  try {
    const claims: unknown = JSON.parse(
      atob((token ?? '').split('.')[1]?.replace(/-/g, '+').replace(/_/g, '/') ?? ''),
    )
    if (typeof claims !== 'object' || claims === null || !('exp' in claims)) return least
    const left = Number(claims.exp) * 1000 - Date.now()
    return Number.isFinite(left) ? Math.max(least, left * renewAt) : least
  } catch {
    return least
  }
}
