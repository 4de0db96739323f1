import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { email, otherSite, password, startAccounts, startTLSProxy, type Site } from './accounts'
import { launch } from './browser'

// Signing in as browsers know it: cookies, their lifetimes, other sites' pages, WebSockets. A page of another port is another
// origin but the same site, so cookies go along with what it asks for; one of localhost is another site than 127.0.0.1.
let browser: Browser
let server: Site
let proxy: Site
let friend: Site // FRONTEND_URL names it
let stranger: Site
let context: BrowserContext
let page: Page

beforeAll(async () => {
  ;[browser, friend, stranger] = await Promise.all([launch(), otherSite(), otherSite()])
  server = await startAccounts({
    ACCESS_TOKEN_MINUTES: '1',
    FRONTEND_URL: friend.url,
    TRUSTED_PROXIES: '127.0.0.1/32',
  })
  proxy = await startTLSProxy(server)
})

afterAll(async () => {
  await browser.close()
  await Promise.all([proxy.stop(), friend.stop(), stranger.stop()])
  await server.stop()
})

beforeEach(async () => {
  context = await browser.newContext({ ignoreHTTPSErrors: true })
  page = await context.newPage()
})

afterEach(() => context.close())

interface Asked {
  method?: string
  body?: object
  mode?: RequestMode
}

/** Asks from the page that is open; 0: the browser does not let it see the answer. */
const ask = (url: string, asked: Asked = {}): Promise<number> =>
  page.evaluate(
    async ([url, { method, body, mode }]) => {
      const init: RequestInit = { method: method ?? 'GET', credentials: 'include' }
      if (mode !== undefined) init.mode = mode
      if (body !== undefined) {
        init.body = JSON.stringify(body)
        init.headers = { 'Content-Type': 'application/json' }
      }
      try {
        return (await fetch(url, init)).status
      } catch {
        return 0
      }
    },
    [url, asked] as const,
  )

const signIn = (base: string) => ask(`${base}/api/login`, { method: 'POST', body: { email, password } })

/** Signs in on the server's own page. */
async function signedIn(): Promise<void> {
  await page.goto(`${server.url}/docs`)
  expect(await signIn(server.url)).toBe(200)
}

const whoAmI = (base = server.url) => ask(`${base}/api/authenticate`)

async function cookie(name: string) {
  const found = (await context.cookies()).find((c) => c.name === name)
  if (found === undefined) throw new Error(`there is no cookie ${name}`)
  return found
}

const day = 24 * 60 * 60

describe('cookies', () => {
  test('pages cannot read them, and other sites do not send them', async () => {
    await signedIn()
    for (const [name, life] of [
      ['chatmood_token', 60],
      ['chatmood_refresh', 30 * day],
    ] as const) {
      const c = await cookie(name)
      expect(c).toMatchObject({
        httpOnly: true,
        sameSite: 'Lax',
        secure: false,
        path: '/',
        domain: '127.0.0.1',
      })
      const left = c.expires - Date.now() / 1000
      expect(left, `${name} lasts`).toBeLessThanOrEqual(life + 1)
      expect(left, `${name} lasts`).toBeGreaterThan(life === 60 ? 0 : 29 * day)
    }
    expect(await page.evaluate(() => document.cookie)).not.toContain('chatmood')
  })

  test('behind a proxy that takes https they are for https only', async () => {
    const shown = await page.goto(`${proxy.url}/docs`)
    expect(shown?.headers()['strict-transport-security']).toContain('max-age=')
    expect(await signIn(proxy.url)).toBe(200)
    // The prefix makes browsers refuse what another host or plain http wrote.
    for (const name of ['__Host-chatmood_token', '__Host-chatmood_refresh'])
      expect(await cookie(name)).toMatchObject({ httpOnly: true, sameSite: 'Lax', secure: true })
    expect(await whoAmI(proxy.url)).toBe(200)
  })

  test('the sign-in outlasts the access token, by the refresh cookie', async () => {
    await signedIn()
    const before = await cookie('chatmood_refresh')
    await context.clearCookies({ name: 'chatmood_token' }) // as the browser does after a minute
    expect(await whoAmI()).toBe(200)
    expect((await cookie('chatmood_token')).value).not.toBe('')
    expect((await cookie('chatmood_refresh')).value).not.toBe(before.value)
    await context.clearCookies()
    expect(await whoAmI()).toBe(401)
  })

  test('signing out removes them, and what was copied is worth nothing', async () => {
    await signedIn()
    const copies = await context.cookies()
    expect(await ask(`${server.url}/api/logout`, { method: 'POST' })).toBe(200)
    expect((await context.cookies()).filter((c) => c.name !== 'chatmood_guest')).toEqual([])
    await context.addCookies(copies)
    expect(await whoAmI()).toBe(401)
  })
})

describe('pages of other origins', () => {
  test('the one that FRONTEND_URL names may ask and see the answer', async () => {
    await page.goto(friend.url)
    expect(await signIn(server.url)).toBe(200)
    expect(await whoAmI()).toBe(200)
    expect(
      await ask(`${server.url}/api/user/preferences`, { method: 'PUT', body: { auto_save: true } }),
    ).toBe(200)
  })

  for (const [what, url] of [
    ['of the same site', () => stranger.url],
    ['of another site', () => `http://localhost:${stranger.port}`],
  ] as const)
    describe(what, () => {
      test('see no answer and change nothing', async () => {
        await signedIn()
        await page.goto(url())
        expect(await whoAmI(), 'an answer').toBe(0)
        const change = { method: 'PUT', body: { auto_save: true } }
        expect(await ask(`${server.url}/api/user/preferences`, change), 'a change').toBe(0)
        expect(await signIn(server.url), 'a sign-in').toBe(0)
        // Without asking first, as pages may; the browser hides how it is answered.
        await ask(`${server.url}/api/logout`, { method: 'POST', mode: 'no-cors' })
        await page.goto(`${server.url}/docs`)
        expect(await whoAmI(), 'still signed in').toBe(200)
      })

      test('cannot send forms', async () => {
        await signedIn()
        await page.goto(url())
        const answered = page.waitForResponse(`${server.url}/api/logout`)
        await page.evaluate((action) => {
          const form = document.createElement('form')
          Object.assign(form, { method: 'post', action })
          document.body.append(form)
          form.submit()
        }, `${server.url}/api/logout`)
        expect((await answered).status()).toBe(403)
        await page.waitForURL(`${server.url}/api/logout`) // it shows the refusal
        await page.goto(`${server.url}/docs`)
        expect(await whoAmI(), 'still signed in').toBe(200)
      })

      test('cannot open a WebSocket', async () => {
        await signedIn()
        await page.goto(url())
        expect(await openSocket()).toBe('refused')
      })
    })
})

interface SocketPage {
  ended: Promise<string>
}

/** Opens a WebSocket in the page, and tells how that went. How it ends is in the page's `ended`. */
const openSocket = (): Promise<string> =>
  page.evaluate(
    (url) =>
      new Promise<string>((done) => {
        const socket = new WebSocket(url, ['chatmood.v1'])
        let frames = 0
        ;(window as unknown as SocketPage).ended = new Promise((ok) => {
          socket.addEventListener('close', (e) => {
            ok(`${e.code} after ${frames > 0 ? 'frames' : 'nothing'}`)
          })
        })
        socket.addEventListener('message', () => frames++)
        socket.addEventListener('open', () => {
          done('open')
        })
        socket.addEventListener('error', () => {
          done('refused')
        })
      }),
    `${server.url.replace('http', 'ws')}/ws/chat/somebody`,
  )

const socketEnd = (): Promise<string> => page.evaluate(() => (window as unknown as SocketPage).ended)

/** Starts an analysis by a program that stays signed in, so that the browser's signing out does not end it. */
async function analyse(): Promise<void> {
  const post = async (path: string, body: object, token?: string) => {
    const response = await fetch(server.url + path, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    })
    expect(response.status, path).toBe(200)
    return (await response.json()) as { access_token: string }
  }
  const { access_token } = await post('/api/login', { email, password })
  await post('/api/twitch/connect', { url: 'https://www.twitch.tv/somebody' }, access_token)
}

describe('WebSockets', () => {
  test('open on the own page with the cookie, and end with the sign-in', async () => {
    await analyse()
    await signedIn()
    expect(await openSocket()).toBe('open')
    expect(await ask(`${server.url}/api/logout`, { method: 'POST' })).toBe(200)
    expect(await socketEnd()).toMatch(/^4401 /)
  })

  test('of nobody get nothing, and end when nobody signs in on them', async () => {
    await page.goto(`${server.url}/docs`)
    expect(await openSocket()).toBe('open')
    expect(await socketEnd()).toBe('4401 after nothing')
  })
})
