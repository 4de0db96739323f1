import type { ReactNode } from 'react'
import { ApiAccess } from '../components/settings/ApiAccess'
import { Email } from '../components/settings/Email'
import { Password } from '../components/settings/Password'
import { Preferences } from '../components/settings/Preferences'
import { Profile } from '../components/settings/Profile'
import { SignIns } from '../components/settings/SignIns'
import { YourData } from '../components/settings/YourData'
import { useAuth } from '../contexts/auth'
import { useTitle } from '../hooks/useTitle'
import { t } from '../i18n'

/** `/settings` */
export default function SettingsPage() {
  useTitle(t.settings.title)
  const { user } = useAuth()
  if (user == null) return null
  const sections = [
    ['profile', <Profile key="profile" user={user} />],
    ['email', <Email key="email" user={user} />],
    ['password', <Password key="password" user={user} />],
    ['sessions', <SignIns key="sessions" />],
    ['preferences', <Preferences key="preferences" />],
    ['api', <ApiAccess key="api" />],
    ['data', <YourData key="data" />],
  ] as const satisfies readonly (readonly [keyof typeof t.settings.sections, ReactNode])[]
  return (
    <div className="mx-auto grid w-full max-w-5xl grid-cols-1 gap-x-8 gap-y-4 px-4 py-6 lg:grid-cols-[11rem_1fr]">
      <header className="lg:col-span-2">
        <h1 className="text-xl font-semibold tracking-tight">{t.settings.title}</h1>
        <p className="text-muted">{t.settings.lead}</p>
      </header>
      <nav
        aria-label={t.settings.title}
        className="top-[calc(var(--header)+1rem)] flex flex-wrap gap-1 self-start lg:sticky lg:flex-col"
      >
        {sections.map(([id]) => (
          <a
            key={id}
            href={`#${id}`}
            className="rounded-md px-2 py-1 text-muted hover:bg-hover hover:text-text"
          >
            {t.settings.sections[id]}
          </a>
        ))}
      </nav>
      <div className="flex min-w-0 flex-col gap-4">
        {sections.map(([id, content]) => (
          <section
            key={id}
            id={id}
            aria-labelledby={`${id}-heading`}
            className="scroll-mt-[calc(var(--header)+1rem)] rounded-lg border border-line bg-surface p-4 sm:p-5"
          >
            <h2 id={`${id}-heading`} className="mb-3 text-lg font-semibold">
              {t.settings.sections[id]}
            </h2>
            {content}
          </section>
        ))}
      </div>
    </div>
  )
}
