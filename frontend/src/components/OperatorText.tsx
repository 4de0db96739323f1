import { useQuery } from '@tanstack/react-query'
import type { MouseEvent, ReactNode } from 'react'
import { useNavigate } from 'react-router'
import { send } from '../api/transport'
import type { components } from '../api/schema'
import { language, t } from '../i18n'
import { formatDateTime } from '../lib/format'
import { Loading } from './states'

type PageName = 'about' | 'contact' | 'privacy' | 'terms'

/**
 * What whoever runs the server wrote for a page; `otherwise` where they wrote
 * nothing, or where it cannot be had just now. The server made it safe: nothing
 * in it runs or loads.
 */
export function OperatorText({
  page,
  className,
  otherwise,
}: {
  page: PageName
  className?: string
  otherwise?: ReactNode
}) {
  const navigate = useNavigate()
  const text = useQuery({
    queryKey: ['page', page, language],
    queryFn: ({ signal }) =>
      send<components['schemas']['PageText']>(`/api/pages/${page}`, { query: { language }, signal }),
    staleTime: 60_000,
    retry: false,
  })
  if (text.isPending) return otherwise === undefined ? null : <Loading />
  const html = text.data?.html ?? ''
  if (html === '') return otherwise
  // Links from the root are to pages of ours, wherever the page is served.
  const follow = (event: MouseEvent<HTMLElement>) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey)
      return
    const href = event.target instanceof Element ? event.target.closest('a')?.getAttribute('href') : undefined
    if (href?.startsWith('/') !== true || href.startsWith('//')) return
    event.preventDefault()
    void navigate(href)
  }
  const changed = text.data?.changed
  return (
    <div className={className}>
      <div className="operator-text" onClick={follow} dangerouslySetInnerHTML={{ __html: html }} />
      {changed !== undefined && otherwise !== undefined && (
        <p className="mt-6 text-xs text-faint">{t.legalChanged(formatDateTime(Date.parse(changed)))}</p>
      )}
    </div>
  )
}
