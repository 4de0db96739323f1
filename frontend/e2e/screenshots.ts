import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { desktop, launch, openPage, phone } from './browser'
import { signedIn } from './people'
import { CuttableProxy, startServer, type TestServer } from './server'

// Pictures of every page and state, for people to look at: `npm run screenshots`.
// WARM_UP is how many seconds of chat there are in them.
const warmUp = Number(process.env.WARM_UP ?? 90)
const folder = fileURLToPath(new URL('../screenshots/', import.meta.url))

let server: TestServer
let browser: Browser
let channel: string
let sessionId: string
/** Saved analyses of two channels. */
let saved: string[] = []
const other = 'quiet_corner'
/** Path of a shared report, and whose analyses they are. */
let shared = ''
let ownId = ''

beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  ;[server, browser] = await Promise.all([startServer('--rate', '8'), launch()])
  channel = await server.demoChannel()
  await server.start(channel)
  await new Promise((r) => setTimeout(r, (warmUp * 1000) / 2))
  sessionId = await server.finish(channel)
  await server.start(channel)
  await server.start(other)
  await new Promise((r) => setTimeout(r, warmUp * 1000))
  saved = await Promise.all([server.save(channel), server.save(other)])
  const token = await server.signIn()
  const asked = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  const answer = await fetch(`${server.url}/api/history/${saved[0] ?? ''}/shares`, {
    method: 'POST',
    headers: asked,
    body: JSON.stringify({ expires_in_hours: 24, chatters: 'pseudonyms' }),
  })
  shared = new URL(((await answer.json()) as { link: string }).link).pathname
  const me = await fetch(`${server.url}/api/authenticate`, { headers: asked })
  ownId = ((await me.json()) as { user: { id: string } }).user.id
}, 600_000)

afterAll(async () => {
  await browser.close()
  await server.stop()
})

const connected = (page: Page) => page.locator('[data-testid=status][data-link=open]').first().waitFor()
const heading = (page: Page) => page.getByRole('main').getByRole('heading').first().waitFor()

/** Whether the answer at an address is a bare list. */
const listed = (url: string) => /\/api\/admin\/(channels|invites|logs\/activities)\b/.test(url)

interface Shot {
  name: string
  /** For signed-in people; this one is an administrator. */
  user?: true
  path: () => string
  /** What the server does with what the page asks it for, unless it answers: it refuses, does not answer yet, or has nothing. */
  api?: 'fails' | 'waits' | 'empty'
  prepare: (page: Page) => Promise<unknown>
}

/** Pages that ask the server for what they show, with what they say where there is nothing. */
const asking: { name: string; path: () => string; empty?: RegExp }[] = [
  { name: 'home', path: () => '/', empty: /No channel is being analysed/ },
  { name: 'sessions', path: () => '/sessions', empty: /No finished sessions/ },
  { name: 'session', path: () => `/sessions/${sessionId}` },
  { name: 'history', path: () => '/history', empty: /Nothing saved yet/ },
  { name: 'entry', path: () => `/history/${saved[0] ?? ''}` },
  { name: 'compare', path: () => `/history/compare?ids=${saved.join(',')}` },
  { name: 'settings', path: () => '/settings' },
  { name: 'admin', path: () => '/admin/dashboard' },
  { name: 'admin-users', path: () => '/admin/users', empty: /No user matches/ },
  { name: 'admin-invites', path: () => '/admin/invites', empty: /no invitations/ },
  { name: 'admin-logs', path: () => '/admin/logs', empty: /Nothing matches/ },
  { name: 'admin-channels', path: () => '/admin/channels', empty: /No channel is being/ },
  { name: 'admin-mail', path: () => '/admin/mail', empty: /Nothing waits/ },
]

/** What a list has in it where there is nothing. */
const nothing = {
  channels: [],
  items: [],
  entries: [],
  sessions: [],
  users: [],
  logs: [],
  totalItems: 0,
  total: 0,
  pages: 0,
  page: 1,
  limit: 20,
  waiting: [],
  dead: [],
}

const shots: Shot[] = [
  {
    name: 'home',
    path: () => '/',
    prepare: (page) =>
      page
        .getByRole('link', { name: new RegExp(channel) })
        .first()
        .waitFor(),
  },
  {
    name: 'home-refused',
    path: () => '/',
    prepare: async (page) => {
      await page.getByRole('textbox').fill('https://clips.twitch.tv/SomeClip')
      await page.getByRole('textbox').press('Enter')
    },
  },
  { name: 'live', path: () => `/analyze/${channel}`, prepare: connected },
  {
    name: 'live-chat',
    path: () => `/analyze/${channel}`,
    prepare: async (page) => {
      await connected(page)
      const chat = page.getByRole('button', { name: 'Chat', exact: true })
      if (await chat.isVisible()) await chat.click()
      await page.keyboard.press('p')
    },
  },
  {
    name: 'live-details',
    path: () => `/analyze/${channel}?range=all`,
    prepare: async (page) => {
      await connected(page)
      const details = page.getByRole('button', { name: 'Details', exact: true })
      if (await details.isVisible()) await details.click()
      else await page.getByRole('button', { name: 'Table' }).click()
    },
  },
  {
    name: 'live-stop',
    path: () => `/analyze/${channel}`,
    prepare: async (page) => {
      await connected(page)
      await page.getByRole('button', { name: 'Stop' }).click()
    },
  },
  {
    name: 'live-not-analysed',
    path: () => '/analyze/nobody',
    prepare: (page) => page.getByRole('heading').first().waitFor(),
  },
  {
    name: 'sessions',
    path: () => '/sessions',
    prepare: (page) => page.getByRole('link', { name: channel }).first().waitFor(),
  },
  {
    name: 'sessions-empty',
    path: () => '/sessions?channel=nobody',
    prepare: (page) => page.getByRole('heading', { name: 'nobody' }).waitFor(),
  },
  {
    name: 'session',
    path: () => `/sessions/${sessionId}`,
    prepare: (page) => page.getByTestId('total').waitFor(),
  },
  { name: 'login', path: () => '/login', prepare: heading },
  { name: 'register', path: () => '/register', prepare: heading },
  { name: 'verify', path: () => '/verify-otp?email=nora@example.org', prepare: heading },
  {
    name: 'history',
    user: true,
    path: () => '/history',
    prepare: (page) => page.getByTestId('rows').waitFor(),
  },
  {
    name: 'history-empty',
    user: true,
    path: () => '/history?search=nothing-has-this',
    prepare: (page) => page.getByRole('heading', { name: 'Nothing matches' }).waitFor(),
  },
  {
    name: 'entry',
    user: true,
    path: () => `/history/${saved[0] ?? ''}`,
    prepare: (page) => page.getByTestId('total').waitFor(),
  },
  {
    name: 'share',
    user: true,
    path: () => `/history/${saved[0] ?? ''}`,
    prepare: (page) => page.getByRole('button', { name: 'Share' }).click(),
  },
  {
    name: 'compare',
    user: true,
    path: () => `/history/compare?ids=${saved.join(',')}`,
    prepare: (page) => page.getByRole('table').waitFor(),
  },
  { name: 'upload', user: true, path: () => '/upload', prepare: heading },
  { name: 'settings', user: true, path: () => '/settings', prepare: heading },
  { name: 'multi', path: () => `/multi?c=${channel},${other}`, prepare: connected },
  { name: 'admin', user: true, path: () => '/admin/dashboard', prepare: heading },
  { name: 'admin-users', user: true, path: () => '/admin/users', prepare: heading },
  { name: 'admin-logs', user: true, path: () => '/admin/logs', prepare: heading },
  { name: 'admin-channels', user: true, path: () => '/admin/channels', prepare: heading },
  { name: 'admin-mail', user: true, path: () => '/admin/mail', prepare: heading },
  { name: 'contact', path: () => '/contact', prepare: heading },
  { name: 'about', path: () => '/about', prepare: (page) => page.getByRole('heading').first().waitFor() },
  { name: 'admin-invites', user: true, path: () => '/admin/invites', prepare: heading },
  { name: 'archive-empty', user: true, path: () => '/history/archive', prepare: heading },
  { name: 'not-signed-in', path: () => '/history', prepare: heading },
  { name: 'forgot-password', path: () => '/forgot-password', prepare: heading },
  { name: 'privacy', path: () => '/privacy', prepare: heading },
  { name: 'compact', path: () => `/compact/${channel}`, prepare: connected },
  {
    name: 'why',
    path: () => `/analyze/${channel}`,
    prepare: async (page) => {
      await connected(page)
      const chat = page.getByRole('button', { name: 'Chat', exact: true })
      if (await chat.isVisible()) await chat.click()
      await page.keyboard.press('p')
      await page
        .getByTestId('chat')
        .getByRole('button', { name: /^positive.*why/ })
        .last()
        .click()
      await page.getByRole('heading', { name: 'What weighed most' }).waitFor()
    },
  },
  { name: 'terms', path: () => '/terms', prepare: heading },
  { name: 'setup-over', path: () => '/setup/used-up', prepare: heading },
  {
    name: 'reset-password-over',
    path: () => '/reset-password/000000000000000000000000/used-up',
    prepare: heading,
  },
  { name: 'invite-bad', path: () => '/invite/used-up', prepare: heading },
  { name: 'shared', path: () => shared, prepare: (page) => page.getByTestId('total').waitFor() },
  { name: 'user-history', user: true, path: () => `/admin/users/${ownId}/history`, prepare: heading },
  {
    name: 'user-entry',
    user: true,
    path: () => `/admin/users/${ownId}/history/${saved[0] ?? ''}`,
    prepare: (page) => page.getByTestId('total').waitFor(),
  },
  { name: 'multi-empty', path: () => '/multi', prepare: heading },
  { name: 'compare-empty', user: true, path: () => '/history/compare', prepare: heading },
  {
    name: 'admin-examined',
    user: true,
    path: () => '/admin/dashboard',
    prepare: async (page) => {
      await page.getByLabel('Show all checks').check()
    },
  },
  ...asking
    .filter(({ empty }) => empty !== undefined)
    .map(({ path, name, empty }): Shot => ({
      name: `empty-${name}`,
      user: true,
      path,
      api: 'empty',
      prepare: (page) =>
        page
          .getByText(empty ?? '')
          .first()
          .waitFor(),
    })),
  ...asking.map(({ path, name }): Shot => ({
    name: `failing-${name}`,
    user: true,
    path,
    api: 'fails',
    prepare: (page) => page.getByText('The disk is full').first().waitFor(),
  })),
  ...asking.map(({ path, name }): Shot => ({
    name: `busy-${name}`,
    user: true,
    path,
    api: 'waits',
    prepare: (page) => page.getByRole('status').first().waitFor(),
  })),
  {
    name: 'not-found',
    path: () => '/no/such/page',
    prepare: (page) => page.getByRole('heading').first().waitFor(),
  },
]

describe.each([
  ['desktop', { viewport: desktop }],
  ['phone', { viewport: phone, deviceScaleFactor: 2, isMobile: true, hasTouch: true }],
] as const)('%s', (size, options) => {
  describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
    test.each(shots)('$name', async ({ name, user, path, api, prepare }) => {
      const { page, done } = await openPage(browser, { ...options, colorScheme }, /status of (400|500)/)
      if (user === true) await signedIn(page, server)
      if (api !== undefined)
        await page.route(/\/api\/(sessions|channels|history|user|shared|admin)/, (route) => {
          if (api === 'waits') return // until the page is closed
          if (api === 'empty' && route.request().url().endsWith('/retention')) return route.continue()
          if (api === 'empty' && route.request().method() === 'GET')
            return route.fulfill({ json: listed(route.request().url()) ? [] : nothing })
          return route.fulfill({
            status: 500,
            contentType: 'application/problem+json',
            body: JSON.stringify({ title: 'x', status: 500, detail: 'The disk is full' }),
          })
        })
      await page.goto(server.url + path())
      await prepare(page)
      // Until plots are drawn and nothing moves any more.
      await page.evaluate(() => document.fonts.ready)
      await page.waitForTimeout(api === undefined ? 1200 : 300)
      await page.screenshot({ path: `${folder}${name}-${size}-${colorScheme}.png` })
      if (api === 'waits') await page.unrouteAll({ behavior: 'ignoreErrors' })
      await done()
    })

    test('failing', async () => {
      const proxy = new CuttableProxy(server.port)
      await proxy.start()
      const { page } = await openPage(browser, { ...options, colorScheme })
      await page.goto(`${proxy.url}/analyze/${channel}`)
      await connected(page)
      await page.waitForTimeout(1500)
      await proxy.cut()
      await page.locator('[data-testid=status][data-link=waiting]').waitFor()
      await page.waitForTimeout(2500)
      await page.screenshot({ path: `${folder}live-cut-${size}-${colorScheme}.png` })
      await page.getByRole('link', { name: 'chatmood', exact: true }).click()
      await page.getByText('does not answer').first().waitFor()
      await page.screenshot({ path: `${folder}home-away-${size}-${colorScheme}.png` })
      await page.context().close()
    })
  })
})
