import { useQuery } from '@tanstack/react-query'
import { useLocation } from 'react-router'
import { nameOf } from '../api/account'
import { admin } from '../api/admin'
import { t } from '../i18n'
import { stateText } from '../lib/navigation'

/** Whose history an administrator looks at: the name that the page before gave, or else the server's. */
export function useHistoryOwner(userId: string): { name: string; title: string } {
  const given = stateText(useLocation().state, 'name')
  const user = useQuery({
    queryKey: ['admin', 'user', userId],
    queryFn: ({ signal }) => admin.user(userId, signal),
    enabled: given === '',
    staleTime: 60_000,
  })
  const u = user.data
  const name = given || (u === undefined ? '' : nameOf(u))
  // The id only where nobody has a name for it; while the name is on its way it would but flash.
  const title = name === '' && user.isLoading ? t.history.title : t.admin.users.historyOf(name || userId)
  return { name, title }
}
