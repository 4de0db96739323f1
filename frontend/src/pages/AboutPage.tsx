import { useQuery } from '@tanstack/react-query'
import { apiBase } from '../api/client'
import { infoQuery } from '../api/queries'
import { OperatorText } from '../components/OperatorText'
import { LabelTag } from '../components/LabelGlyph'
import { useTitle } from '../hooks/useTitle'
import { t } from '../i18n'
import { labels } from '../live/protocol'
import { basePath } from '../lib/basePath'

export default function AboutPage() {
  useTitle(t.about.title)
  const info = useQuery(infoQuery)
  return (
    <div className="mx-auto w-full max-w-2xl px-4 py-8 text-base">
      <h1 className="text-2xl font-semibold tracking-tight text-balance">{t.about.heading}</h1>
      <OperatorText page="about" className="mt-4 border-b border-line pb-6" />
      <Section heading={t.about.judging} text={t.about.judgingText}>
        <p className="flex flex-wrap gap-4">
          {labels.map((label) => (
            <LabelTag key={label} label={label} />
          ))}
        </p>
      </Section>
      <Section id="accuracy" heading={t.about.accuracy} text={t.about.accuracyText}>
        <p>
          <a
            className="text-accent underline decoration-accent/40 underline-offset-2"
            href={`${apiBase}/docs/guide/sentiment`}
          >
            {t.about.accuracyMore}
          </a>
        </p>
      </Section>
      <Section heading={t.about.mood} text={t.about.moodText} />
      <Section heading={t.about.limits} text={t.about.limitsText} />
      <Section heading={t.about.privacy} text={t.about.privacyText} />
      <p className="mt-8 flex flex-wrap gap-x-4 gap-y-1 border-t border-line pt-4 text-sm text-muted">
        {info.data !== undefined && <span>{t.about.version(info.data.version)}</span>}
        <a className="text-accent underline decoration-accent/40 underline-offset-2" href={`${apiBase}/docs`}>
          {t.about.api}
        </a>
        <a
          className="text-accent underline decoration-accent/40 underline-offset-2"
          href={`${basePath}/licences.txt`}
        >
          {t.about.licences}
        </a>
      </p>
    </div>
  )
}

function Section({
  id,
  heading,
  text,
  children,
}: {
  id?: string
  heading: string
  text: readonly string[]
  children?: React.ReactNode
}) {
  return (
    <section id={id} className="mt-7 flex flex-col gap-2 text-muted">
      <h2 className="text-lg font-semibold text-text">{heading}</h2>
      {text.map((paragraph) => (
        <p key={paragraph}>{paragraph}</p>
      ))}
      {children}
    </section>
  )
}
