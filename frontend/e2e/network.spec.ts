import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type {} from '../src/lib/debug'
import { expectAccessible, launch, openPage } from './browser'
import { Observer } from './observer'
import { startProxy, startStatic } from './proxy'
import { ada, startServer, startServerWith, type TestServer } from './server'

let server: TestServer
let browser: Browser
let channel: string

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launch()])
  channel = await server.demoChannel()
  await server.start(channel)
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

describe('where WebSockets do not get through', () => {
  test('chat comes over an event stream, and over a WebSocket again when that is possible', async () => {
    let refuse = true
    const proxy = await startProxy(server, { sockets: () => (refuse ? 'refuse' : 'pass') })
    const { page, done } = await openPage(browser, {}, /WebSocket connection to .* failed/)
    try {
      // Minutes pass until a WebSocket is tried again: this clock is the test's.
      await page.clock.install()
      await page.goto(`${proxy.url}/analyze/${channel}`)
      const status = page.getByTestId('status')
      await page.waitForSelector('[data-testid=status][data-link=open][data-via=events]')
      await expect.poll(() => status.innerText()).toBe('Live over event stream')
      await expectAccessible(page, 'live over an event stream')
      const observer = await Observer.watch(server.url, channel)
      const seen = () => page.evaluate(() => window.__chatmood?.messageIds() ?? [])
      await expect.poll(() => observer.ids.length, { timeout: 60_000 }).toBeGreaterThan(110)
      refuse = false
      // A minute in two leaps: one alone would be a silence in which links are given up. Chat comes before each.
      for (const leap of [31_000, 31_000]) {
        const shown = (await seen()).at(-1)
        await expect.poll(async () => (await seen()).at(-1), { timeout: 30_000 }).not.toBe(shown)
        await page.clock.fastForward(leap)
      }
      await page.waitForSelector('[data-testid=status][data-link=open][data-via=socket]')
      await expect.poll(() => status.innerText()).toBe('Live')
      const sofar = observer.ids.length
      await expect.poll(() => observer.ids.length, { timeout: 60_000 }).toBeGreaterThan(sofar)
      const newest = observer.ids.at(-1) ?? ''
      await expect.poll(async () => (await seen()).includes(newest), { timeout: 30_000 }).toBe(true)
      // The change lost nothing and doubled nothing.
      const ids = await seen()
      expect(new Set(ids).size).toBe(ids.length)
      const from = observer.ids.findIndex((id) => ids.includes(id))
      const sent = observer.ids.slice(from, observer.ids.indexOf(newest) + 1)
      expect(ids.filter((id) => sent.includes(id))).toEqual(sent)
      observer.close()
      await done()
    } finally {
      await proxy.stop()
    }
  })
})

describe('a front-end on a host of its own', () => {
  test('signs its socket in by the token', async () => {
    const strict = await startServerWith({ setUp: true, env: { GUESTS: 'none' } })
    const folder = mkdtempSync(join(tmpdir(), 'chatmood-front-'))
    execFileSync(
      'node_modules/.bin/vite',
      ['build', '--logLevel', 'error', '--outDir', folder, '--emptyOutDir'],
      {
        env: { ...process.env, NODE_ENV: 'production', VITE_API_URL: strict.url },
      },
    )
    const site = await startStatic(folder)
    const { page, done } = await openPage(browser)
    try {
      const frames: string[] = []
      page.on('websocket', (socket) => {
        socket.on('framesent', ({ payload }) => frames.push(String(payload)))
      })
      await page.goto(`${site.url}/login`)
      await page.getByLabel('E-mail').fill(ada.email)
      await page.getByLabel('Password', { exact: true }).fill(ada.password)
      await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('button', { name: /Account of/ }).waitFor()
      expect(await page.context().cookies()).toEqual([])
      await page.goto(site.url)
      await page.getByRole('textbox', { name: 'Twitch channel or link' }).fill('somebody_else')
      await page.keyboard.press('Enter')
      await page.waitForSelector('[data-testid=status][data-link=open][data-via=socket]')
      await page.getByTestId('chat').locator('article').first().waitFor()
      const token = await page.evaluate(() => localStorage.getItem('token'))
      expect(JSON.parse(frames[0] ?? '{}')).toEqual({ type: 'auth', token })
      // Without a token the server tells nothing, and the page says what to do.
      await page.evaluate(() => {
        localStorage.clear()
      })
      await page.goto(`${site.url}/analyze/somebody_else`)
      await page.getByRole('heading', { name: 'Please sign in' }).waitFor()
      await done()
    } finally {
      await site.stop()
      await strict.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
