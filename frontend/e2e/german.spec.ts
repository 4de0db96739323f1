import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { de } from '../src/i18n/de'
import { en } from '../src/i18n/en'
import { launch, openPage } from './browser'
import { signedIn } from './people'
import { startServer, type TestServer } from './server'

// Every page in German: nothing on it may be a sentence of the English catalogue.

let server: TestServer
let browser: Browser
let sessionId: string
let saved: string[]

const rooms = ['erster_raum', 'zweiter_raum']

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer('--rate', '20'), launch()])
  await Promise.all(rooms.map((room) => server.start(room)))
  await Promise.all(rooms.map((room) => server.messages(room, 60)))
  saved = await Promise.all(rooms.map((room) => server.save(room)))
  sessionId = await server.finish('erster_raum')
  await server.start('erster_raum')
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

const hole = '\u0001'

/** The sentences of a catalogue; those that take something in have a hole for it. */
function sentences(part: unknown): string[] {
  if (typeof part === 'string') return [part]
  if (typeof part === 'function') {
    try {
      const made: unknown = (part as (...args: string[]) => unknown)(
        ...Array.from({ length: part.length }, () => hole),
      )
      return sentences(made)
    } catch {
      return [] // it takes no plain text
    }
  }
  return typeof part === 'object' && part !== null ? Object.values(part).flatMap(sentences) : []
}

const german = new Set(sentences(de))
// Words that both languages have, names and signs are no fault.
const english = [...new Set(sentences(en))].filter((s) => !german.has(s) && /[a-z]{3}/i.test(s))
const whole = new Set(english.filter((s) => !s.includes(hole)))
const patterns = english
  .filter((s) => s.includes(hole) && s.replaceAll(hole, '').trim().length >= 6)
  .map(
    (s) =>
      new RegExp(
        `^${s
          .split(hole)
          .map((p) => p.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
          .join('.+')}$`,
      ),
  )

/** What a reader of the page reads or hears, apart from what people wrote, each text once. */
const texts = (page: Page) =>
  page.evaluate(() => {
    const found = new Set<string>()
    const add = (text: string | null | undefined) => {
      const t = text?.replaceAll(/\s+/g, ' ').trim()
      if (t !== undefined && t !== '') found.add(t)
    }
    add(document.title.replace(/ · chatmood$/, ''))
    const others =
      '[data-testid=chat] article, [lang]:not(html):not([lang|=de]), [dir=auto], bdi, kbd, code, noscript'
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT)
    for (let n: Node | null = walk.currentNode; n !== null; n = walk.nextNode()) {
      if (!(n instanceof Element) || n.closest(others) !== null) continue
      for (const a of ['aria-label', 'title', 'placeholder', 'alt', 'aria-roledescription'])
        add(n.getAttribute(a))
      for (const child of n.childNodes) if (child.nodeType === Node.TEXT_NODE) add(child.textContent)
    }
    return [...found]
  })

/** Words that hardly a German sentence has. */
const foreign =
  /(?<!\p{L})(the|and|of|is|are|with|your|this|not|from|here|there|you|were|has|have|been)(?!\p{L})/iu

/** English that was found, by where. */
type Found = Record<string, string[]>

async function search(page: Page, where: string, found: Found): Promise<void> {
  const all = await texts(page)
  const faults = all.filter((t) => whole.has(t) || patterns.some((p) => p.test(t)) || foreign.test(t))
  if (faults.length > 0) found[where] = faults
}

interface Stop {
  path: () => string
  user?: true
  shown: (page: Page) => Promise<unknown>
  /** Opens what lies behind a button. */
  open?: (page: Page, look: (what: string) => Promise<void>) => Promise<void>
}

const heading = (page: Page) => page.getByRole('main').getByRole('heading').first().waitFor()
const connected = (page: Page) => page.locator('[data-testid=status][data-link=open]').first().waitFor()
const rows = (page: Page) => page.getByTestId('rows').waitFor()
const total = (page: Page) => page.getByTestId('total').waitFor()

const stops: Stop[] = [
  {
    path: () => '/',
    shown: (page) =>
      page
        .getByRole('link', { name: /zweiter_raum/ })
        .first()
        .waitFor(),
  },
  {
    path: () => '/analyze/zweiter_raum',
    shown: connected,
    open: async (page, look) => {
      await page.getByTestId('chat').locator('article').first().waitFor()
      await page.keyboard.press('p')
      await page.getByRole('button', { name: de.plot.table }).click()
      await page.getByRole('table').waitFor()
      await look('live page, held, as a table')
      await page.getByRole('button', { name: de.live.stop }).click()
      await page.getByRole('dialog').waitFor()
      await look('stopping')
      await page.keyboard.press('Escape')
      await page.keyboard.press('?')
      await page.getByRole('dialog').waitFor()
      await look('keys')
      await page.keyboard.press('Escape')
      await page.getByTestId('chat').getByRole('button').last().click()
      await page.getByRole('dialog', { name: de.why.title }).waitFor()
      await page
        .getByRole('heading', { name: de.why.parts })
        .or(page.getByText(de.why.nothing))
        .first()
        .waitFor()
      await look('why')
    },
  },
  { path: () => '/analyze/niemand', shown: heading },
  { path: () => `/compact/zweiter_raum`, shown: connected },
  { path: () => `/multi?c=${rooms.join(',')}`, shown: connected },
  {
    path: () => '/sessions',
    shown: (page) => page.getByRole('link', { name: 'erster_raum' }).first().waitFor(),
  },
  { path: () => '/sessions?channel=niemand', shown: heading },
  { path: () => `/sessions/${sessionId}`, shown: total },
  { path: () => '/about', shown: heading },
  { path: () => '/contact', shown: heading },
  { path: () => '/privacy', shown: heading },
  { path: () => '/terms', shown: heading },
  { path: () => '/login', shown: heading },
  {
    path: () => '/register',
    shown: heading,
    open: async (page, look) => {
      await page.getByRole('main').getByRole('button', { name: de.account.register }).click()
      await page.getByRole('main').getByText(de.form.required).first().waitFor()
      await look('registration, refused')
    },
  },
  { path: () => '/verify-otp?email=a@example.org', shown: heading },
  { path: () => '/forgot-password', shown: heading },
  { path: () => '/history', shown: heading },
  { path: () => '/no/such/page', shown: heading },
  { path: () => '/history', user: true, shown: rows },
  { path: () => '/history?search=niemand', user: true, shown: heading },
  { path: () => '/history/archive', user: true, shown: heading },
  {
    path: () => `/history/${saved[0] ?? ''}`,
    user: true,
    shown: total,
    open: async (page, look) => {
      await page.getByRole('button', { name: de.entry.export, exact: true }).click()
      await page.getByRole('menu').waitFor()
      await look('export')
      await page.keyboard.press('Escape')
      await page.getByRole('menu').waitFor({ state: 'detached' })
      await page.getByRole('button', { name: de.entry.share, exact: true }).click()
      await page.getByRole('dialog').waitFor()
      await look('sharing')
    },
  },
  {
    path: () => `/history/compare?ids=${saved.join(',')}`,
    user: true,
    shown: (page) => page.getByRole('table').first().waitFor(),
  },
  { path: () => '/upload', user: true, shown: heading },
  {
    path: () => '/settings',
    user: true,
    shown: (page) => page.getByRole('heading', { name: de.settings.sections.data, exact: true }).waitFor(),
  },
  { path: () => '/admin/dashboard', user: true, shown: heading },
  { path: () => '/admin/users', user: true, shown: rows },
  { path: () => '/admin/invites', user: true, shown: heading },
  { path: () => '/admin/logs', user: true, shown: rows },
  { path: () => '/admin/channels', user: true, shown: (page) => page.getByRole('table').waitFor() },
  { path: () => '/admin/mail', user: true, shown: heading },
]

test('the catalogues are read', () => {
  expect(whole.size).toBeGreaterThan(300)
  expect(patterns.length).toBeGreaterThan(50)
  expect(whole.has('How does chat feel right now?')).toBe(true)
  expect(patterns.some((p) => p.test('Channel: somebody'))).toBe(true)
})

test.each([
  ['a guest', false],
  ['somebody signed in', true],
] as const)('every page for %s is German', async (_who, user) => {
  const { page, done } = await openPage(browser, { locale: 'de-DE' })
  if (user) await signedIn(page, server)
  const found: Found = {}
  for (const { path, shown, open } of stops.filter((stop) => (stop.user === true) === user)) {
    await page.goto(server.url + path())
    await shown(page)
    await expect.poll(() => page.getByText(de.common.loading, { exact: true }).count()).toBe(0)
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('de')
    await search(page, path(), found)
    await open?.(page, (what) => search(page, `${path()}: ${what}`, found))
  }
  expect(found).toEqual({})
  await done()
})
