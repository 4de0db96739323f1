import { Link } from 'react-router'
import { OperatorText } from '../components/OperatorText'
import { textLink } from '../components/auth/links'
import { useTitle } from '../hooks/useTitle'
import { t } from '../i18n'
import type { LegalText } from '../i18n/en/legal'

/** `/privacy` and `/terms` */
export default function LegalPage({ page }: { page: 'privacy' | 'terms' }) {
  const text: LegalText = t.legal[page]
  useTitle(text.title)
  return (
    <article className="mx-auto w-full max-w-2xl px-4 py-8 text-base">
      <OperatorText page={page} otherwise={<Ours text={text} />} />
      <p className="mt-8 border-t border-line pt-4">
        <Link to="/contact" className={textLink}>
          {t.contact.heading}
        </Link>
      </p>
    </article>
  )
}

function Ours({ text }: { text: LegalText }) {
  return (
    <>
      <h1 className="text-2xl font-semibold tracking-tight text-balance">{text.heading}</h1>
      <p className="mt-2 text-muted">{text.lead}</p>
      {text.sections.map(([heading, paragraphs]) => (
        <section key={heading} className="mt-7 flex flex-col gap-2 text-muted">
          <h2 className="text-lg font-semibold text-text">{heading}</h2>
          {paragraphs.map((p) => (
            <p key={p}>{p}</p>
          ))}
        </section>
      ))}
    </>
  )
}
