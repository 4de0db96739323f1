import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectAccessible, expectNoSidewaysScroll, launch, openPage } from './browser'
import { signedIn } from './people'
import { startServer, type TestServer } from './server'

let server: TestServer
let browser: Browser
let channel: string
let sessionId: string

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launch()])
  channel = await server.demoChannel()
  // One finished session and one that runs.
  await server.start(channel)
  await server.messages(channel, 20)
  sessionId = await server.finish(channel)
  await server.start(channel)
  await server.messages(channel, 20)
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

interface Stop {
  name: string
  /** For signed-in people; this one is an administrator. */
  user?: true
  path: () => string
  /** Waits until the page shows what it is for. */
  shown: (page: Page) => Promise<void>
}

const heading = (name: string | RegExp) => (page: Page) =>
  page.getByRole('heading', { name }).first().waitFor()

const stops: Stop[] = [
  {
    name: 'home',
    path: () => '/',
    shown: (page) =>
      page
        .getByRole('link', { name: new RegExp(channel) })
        .first()
        .waitFor(),
  },
  {
    name: 'live',
    path: () => `/analyze/${channel}`,
    shown: (page) => page.locator('[data-testid=status][data-link=open]').waitFor(),
  },
  { name: 'guide', path: () => '/docs/guide', shown: heading('Documentation') },
  { name: 'guide, a chapter', path: () => '/docs/guide/deployment', shown: heading('Deployment') },
  { name: 'guide, search', path: () => '/docs/guide?q=backup', shown: heading('Search') },
  {
    name: 'live, not analysed',
    path: () => '/analyze/nobody',
    shown: heading('nobody is not being analysed'),
  },
  {
    name: 'sessions',
    path: () => '/sessions',
    shown: (page) => page.getByRole('link', { name: channel }).first().waitFor(),
  },
  {
    name: 'sessions of nobody',
    path: () => '/sessions?channel=nobody',
    shown: heading('No finished sessions of nobody.'),
  },
  {
    name: 'session',
    path: () => `/sessions/${sessionId}`,
    shown: (page) => page.getByTestId('total').waitFor(),
  },
  { name: 'about', path: () => '/about', shown: heading('How a message is judged') },
  { name: 'sign-in', path: () => '/login', shown: heading('Welcome back') },
  { name: 'registration', path: () => '/register', shown: heading('Create an account') },
  { name: 'code', path: () => '/verify-otp?email=a@example.org', shown: heading('Look into your mail') },
  { name: 'forgotten password', path: () => '/forgot-password', shown: heading('Choose a new password') },
  { name: 'contact', path: () => '/contact', shown: heading('Write to whoever runs this server') },
  { name: 'privacy', path: () => '/privacy', shown: heading('Privacy notice') },
  { name: 'terms', path: () => '/terms', shown: heading('Terms of use') },
  { name: 'not signed in', path: () => '/history', shown: heading('Please sign in') },
  {
    name: 'side by side',
    path: () => `/multi?c=${channel}`,
    shown: (page) => page.locator('[data-testid=status][data-link=open]').waitFor(),
  },
  { name: 'history, empty', user: true, path: () => '/history', shown: heading('Nothing saved yet') },
  {
    name: 'archive, empty',
    user: true,
    path: () => '/history/archive',
    shown: heading('The archive is empty'),
  },
  { name: 'upload', user: true, path: () => '/upload', shown: heading('Analyse past chat') },
  { name: 'settings', user: true, path: () => '/settings', shown: heading('Sign-ins') },
  { name: 'overview', user: true, path: () => '/admin/dashboard', shown: heading('Health') },
  {
    name: 'users',
    user: true,
    path: () => '/admin/users',
    shown: (page) => page.getByTestId('rows').waitFor(),
  },
  { name: 'invitations', user: true, path: () => '/admin/invites', shown: heading('Invitations') },
  {
    name: 'activity',
    user: true,
    path: () => '/admin/logs',
    shown: (page) => page.getByTestId('rows').waitFor(),
  },
  {
    name: 'running',
    user: true,
    path: () => '/admin/channels',
    shown: (page) => page.getByRole('table').waitFor(),
  },
  { name: 'mail', user: true, path: () => '/admin/mail', shown: heading('Given up') },
  { name: 'not found', path: () => '/no/such/page', shown: heading('There is no such page') },
]

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test.each(stops)('$name is accessible', async ({ name, user, path, shown }) => {
    const { page, done } = await openPage(browser, { colorScheme })
    if (user === true) await signedIn(page, server)
    await page.goto(server.url + path())
    await shown(page)
    await expectAccessible(page, name)
    await done()
  })

  test('dialogs, chat while paused and the plot as a table are accessible', async () => {
    const { page, done } = await openPage(browser, { colorScheme })
    await page.goto(`${server.url}/analyze/${channel}`)
    await page.getByTestId('chat').locator('article').first().waitFor()
    await page.keyboard.press('p')
    await page.getByRole('button', { name: /Jump to newest/ }).waitFor()
    await page.getByRole('button', { name: 'Table' }).click()
    await page.getByRole('table').waitFor()
    await expectAccessible(page, 'paused, table')
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('dialog').waitFor()
    await expectAccessible(page, 'stop dialog')
    await page.keyboard.press('Escape')
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await expectAccessible(page, 'keyboard list')
    await done()
  })
})

test.each([
  ['a narrow window', { width: 320, height: 640 }],
  ['200 % zoom on a desktop', { width: 720, height: 450 }],
])('%s loses nothing to the side', async (_what, viewport) => {
  const { page, done } = await openPage(browser, { viewport })
  // Those for guests come first.
  for (const stop of stops.toSorted((a, b) => Number(a.user === true) - Number(b.user === true))) {
    if (stop.user === true) await signedIn(page, server)
    await page.goto(server.url + stop.path())
    await stop.shown(page)
    await expectNoSidewaysScroll(page, stop.name)
    for (const field of await page.locator('input[type=date]').all())
      expect((await field.boundingBox())?.width, `${stop.name}: a whole date is seen`).toBeGreaterThan(120)
    if (stop.name !== 'live') continue
    for (const part of ['Chat', 'Details', 'Overview']) {
      await page.getByRole('button', { name: part, exact: true }).click()
      await expectNoSidewaysScroll(page, `${stop.name}, ${part}`)
    }
  }
  await done()
})

describe('when the server fails', () => {
  const provoked = /Failed to load resource|^failed: .* net::ERR_CONNECTION_REFUSED$/

  test.each([
    ['home', '/', '**/api/channels'],
    ['sessions', '/sessions', '**/api/sessions*'],
    ['session', '/sessions/some-id', '**/api/sessions/*'],
  ])('%s says so and tries again when asked', async (_name, path, route) => {
    const { page, done } = await openPage(browser, {}, provoked)
    await page.route(route, (r) =>
      r.fulfill({
        status: 500,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          title: 'x',
          status: 500,
          detail: 'The disk is full',
          error: 'The disk is full',
        }),
      }),
    )
    await page.goto(server.url + path)
    await page.getByText('The disk is full').first().waitFor()
    await expectAccessible(page, 'error')
    await page.unroute(route)
    await page.getByRole('button', { name: 'Try again' }).first().click()
    await page.getByText('The disk is full').first().waitFor({ state: 'detached' })
    await done()
  })

  test('the first page says when no server answers', async () => {
    const { page, done } = await openPage(browser, {}, provoked)
    await page.route('**/api/**', (r) => r.abort('connectionrefused'))
    await page.goto(server.url)
    await page.getByText('The chatmood server does not answer').first().waitFor()
    await page.getByRole('textbox').fill('somebody')
    await page.getByRole('textbox').press('Enter')
    await expect.poll(() => page.getByText('The chatmood server does not answer').count()).toBeGreaterThan(1)
    await done()
  })

  test('a refusal to start is shown in the server’s words', async () => {
    const { page, done } = await openPage(browser, {}, provoked)
    await page.route('**/api/twitch/connect*', (r) =>
      r.fulfill({
        status: 429,
        contentType: 'application/problem+json',
        body: JSON.stringify({ detail: 'Stop one first' }),
      }),
    )
    await page.goto(server.url)
    await page.getByRole('textbox').fill('somebody')
    await page.getByRole('textbox').press('Enter')
    await page.getByText('Stop one first').waitFor()
    await done()
  })
})

test('the theme follows the system, can be chosen, and is remembered', async () => {
  const { page, done } = await openPage(browser, { colorScheme: 'light' })
  await page.goto(server.url)
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
  const light = await background()
  await page.emulateMedia({ colorScheme: 'dark' })
  await expect.poll(background).not.toBe(light)
  await page.getByRole('button', { name: 'Theme: as the system' }).click()
  await page.getByRole('button', { name: 'Theme: light' }).waitFor()
  await expect.poll(background).toBe(light)
  await page.reload()
  await expect.poll(background).toBe(light)
  await done()
})
