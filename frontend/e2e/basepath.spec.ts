import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launch, openPage } from './browser'
import { startProxy, type Site } from './proxy'
import { ada, startServerWith, type TestServer } from './server'

// Below a path of another site, as operators have it who run several programs on one host.
const base = '/tools/mood'

let server: TestServer
let browser: Browser

beforeAll(async () => {
  ;[server, browser] = await Promise.all([
    startServerWith({ setUp: true, env: { BASE_PATH: base } }),
    launch(),
  ])
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

describe.each([
  ['takes the path away', true],
  ['passes the path on', false],
])('behind a proxy that %s', (_what, strip) => {
  let proxy: Site
  let home: string

  beforeAll(async () => {
    proxy = await startProxy(server, { prefix: base, strip })
    home = proxy.url + base
  })

  afterAll(() => proxy.stop())

  test('people sign in, watch, and reload deep links', async () => {
    const channel = strip ? 'stripped_room' : 'passed_room'
    const { page, done } = await openPage(browser)
    const outside: string[] = []
    page.on('request', (request) => {
      const { pathname } = new URL(request.url())
      if (pathname !== base && !pathname.startsWith(`${base}/`)) outside.push(pathname)
    })
    await page.goto(home)
    await page.getByRole('heading', { name: 'How does chat feel right now?' }).waitFor()
    await page.goto(`${home}/login`)
    await page.getByLabel('E-mail').fill(ada.email)
    await page.getByLabel('Password', { exact: true }).fill(ada.password)
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: /Account of/ }).waitFor()
    const cookies = (await page.context().cookies()).filter((c) => c.name.startsWith('chatmood_'))
    expect(cookies.map((c) => c.path)).toEqual(cookies.map(() => base))
    expect(cookies.length).toBeGreaterThanOrEqual(2)

    await page.getByRole('link', { name: 'Home' }).click()
    await page.getByLabel('Twitch channel or link').fill(channel)
    await page.keyboard.press('Enter')
    await page.waitForURL(`${home}/analyze/${channel}`)
    await page.waitForSelector('[data-testid=status][data-link=open][data-via=socket]')
    await page.getByTestId('chat').locator('article').first().waitFor()
    await page.reload()
    await page.waitForSelector('[data-testid=status][data-link=open][data-via=socket]')

    await page.goto(`${home}/history/archive`)
    await page.getByRole('heading', { name: 'The archive is empty' }).waitFor()
    await page.goto(`${home}/settings`)
    await page.getByRole('heading', { name: 'Sign-ins' }).waitFor()
    // The description of the API, too, with its own scripts, and it can be tried from there.
    await page.goto(`${home}/docs`)
    const info = page.locator('section#info')
    await info.getByText('Try it').click()
    await info.getByRole('button', { name: 'Send' }).click()
    await info.locator('pre', { hasText: '"demo_channels"' }).last().waitFor()
    expect(outside).toEqual([])
    await done()
  })

  test('what it tells programs and browsers leads below the path', async () => {
    const manifest = await fetch(`${home}/manifest.json`)
    const { start_url, icons } = (await manifest.json()) as { start_url: string; icons: { src: string }[] }
    expect(new URL(start_url, manifest.url).href).toBe(`${home}/`)
    for (const { src } of icons) expect((await fetch(new URL(src, manifest.url))).status, src).toBe(200)
    const described = (await (await fetch(`${home}/openapi.json`)).json()) as { servers: { url: string }[] }
    expect(described.servers).toEqual([{ url: base }])
    const slash = await fetch(`${home}/health/`, { redirect: 'manual' })
    expect(slash.headers.get('Location')).toBe(`${base}/health`)
    expect((await fetch(`${proxy.url}/health`)).status).toBe(404)
  })

  test('links in mails lead below the path', async () => {
    const { page, done } = await openPage(browser)
    const address = strip ? 'mails.one@example.org' : 'mails.two@example.org'
    await server.addUser({ ...ada, email: address })
    await page.goto(`${home}/forgot-password`)
    await page.getByLabel('E-mail').fill(address)
    await page.getByRole('main').getByRole('button').first().click()
    const mail = await server.mailTo(address, /reset-password/)
    const link = /http:\/\/\S+\/reset-password\/[^\s"<]+/.exec(mail)?.[0] ?? ''
    expect(new URL(link).pathname.startsWith(`${base}/reset-password/`), link).toBe(true)
    await page.goto(proxy.url + new URL(link).pathname)
    await page.getByRole('heading', { name: 'Set a new password' }).waitFor()
    await done()
  })
})

test('the server itself leads pages below the path, and prints its link so', async () => {
  expect(new URL(server.setUpLink).pathname.startsWith(`${base}/setup/`)).toBe(true)
  const { page, done } = await openPage(browser)
  await page.goto(`${server.url}/about?x=1`)
  await page.waitForURL(`${server.url}${base}/about?x=1`)
  await page.getByRole('heading', { name: 'How a message is judged' }).waitFor()
  await done()
})
