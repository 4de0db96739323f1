import { useEffect } from 'react'
import { t } from '../i18n'

/** Names the page in the browser's title. */
export function useTitle(page: string): void {
  useEffect(() => {
    document.title = t.app.title(page)
  }, [page])
}
