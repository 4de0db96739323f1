import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type {} from '../src/lib/debug'
import { count, launch, openPage } from './browser'
import { startServer, type TestServer } from './server'

let server: TestServer
let browser: Browser

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer('--rate', '10'), launch()])
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

test('a page outlives the server’s process: it says so, goes on by itself, and its figures agree', async () => {
  const room = 'night_shift'
  await server.start(room)
  await server.messages(room, 30)
  const { page, done } = await openPage(
    browser,
    {},
    /WebSocket connection to .* failed|ERR_CONNECTION_(REFUSED|RESET)|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED/,
  )
  await page.goto(`${server.url}/analyze/${room}`)
  await page.waitForSelector('[data-testid=status][data-link=open]')
  await expect.poll(() => count(page, 'total')).toBeGreaterThanOrEqual(30)
  const before = await server.snapshot(room)
  const epoch = await page.evaluate(() => window.__chatmood?.since()?.split('.')[0])
  expect(epoch).toBeTruthy()

  await server.kill()
  await page.waitForSelector('[data-testid=status][data-link=waiting]')
  expect(await page.getByTestId('status').innerText()).toMatch(/^Reconnecting/)
  await page.getByText('what is missed is filled in').first().waitFor()
  // What it knew is still there to read.
  expect(await count(page, 'total')).toBeGreaterThanOrEqual(30)

  await server.again()
  // Nobody presses anything.
  await page.waitForSelector('[data-testid=status][data-link=open]')
  await expect.poll(() => page.evaluate(() => window.__chatmood?.since()?.split('.')[0])).not.toBe(epoch)
  await expect.poll(() => page.getByTestId('status').innerText(), { timeout: 30_000 }).toMatch(/^Live/) // or by event stream, for a while
  const after = await server.snapshot(room)
  expect(after.id).toBe(before.id)
  await server.messages(room, after.counts.total + 20)
  // The time without a server is told as such.
  await page.getByText('Not read', { exact: true }).first().waitFor()

  // At rest, page and server say the same.
  const id = await server.finish(room)
  expect(id).toBe(before.id)
  await expect.poll(() => page.getByTestId('status').innerText()).toBe('Stopped')
  const kept = (await (await fetch(`${server.url}/api/sessions/${id}`)).json()) as {
    snapshot: { counts: Record<string, number> }
  }
  const { counts } = kept.snapshot
  await expect.poll(() => count(page, 'total')).toBe(counts.total)
  for (const label of ['positive', 'neutral', 'negative'])
    expect(await count(page, `count-${label}`), label).toBe(counts[label])
  const ids = await page.evaluate(() => window.__chatmood?.messageIds() ?? [])
  expect(new Set(ids).size).toBe(ids.length)
  await done()
})
