import { storage } from '../lib/storage'
import { en, type Catalogue } from './en'

export const languages = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof languages

const key = 'chatmood:language'

const isLanguage = (code: string | null): code is Language => code !== null && Object.hasOwn(languages, code)

/** The language chosen, or the first of the browser's that there is a catalogue for. */
function choose(): Language {
  const chosen = storage.get(key)
  if (isLanguage(chosen)) return chosen
  return preferred.map((l) => l.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en'
}

const preferred: readonly string[] = typeof navigator === 'undefined' ? [] : navigator.languages

export const language: Language = choose()

/**
 * Numbers and dates are written as the reader's region does it, as far as the
 * browser tells a region of the page's language.
 */
export const locale: string = preferred.find((l) => l.slice(0, 2).toLowerCase() === language) ?? language

/** The sentences of the page in its language. English is always at hand, others come when they are wanted. */
export const t: Catalogue = language === 'de' ? (await import('./de')).de : en

/** Another language is another set of sentences everywhere: the page begins anew with it. */
export function setLanguage(next: Language): void {
  storage.set(key, next)
  window.location.reload()
}
