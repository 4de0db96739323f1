import { Link } from 'react-router'
import { EmptyState } from '../components/states'
import { buttonClass } from '../components/buttonClass'
import { useTitle } from '../hooks/useTitle'
import { t } from '../i18n'

export function NotFoundPage() {
  useTitle(t.notFound.title)
  return (
    <EmptyState heading={t.notFound.heading} text={t.notFound.text}>
      <Link to="/" className={buttonClass()}>
        {t.common.homeLink}
      </Link>
    </EmptyState>
  )
}
