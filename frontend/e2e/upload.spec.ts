import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { count, launch, openPage } from './browser'
import { signedIn } from './people'
import { startServer, type TestServer } from './server'

let server: TestServer
let browser: Browser
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'chatmood-log-'))
  ;[server, browser] = await Promise.all([startServer(), launch()])
})

afterAll(async () => {
  await browser.close()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

const said = [
  'that was a lovely save, what a team',
  'who is casting the second match today',
  'this delay is awful, the sound is broken again',
  'hello from the back row',
  'I can not believe how good this run is, keep going',
  'boring map, please pick another one next time',
]

/** Writes a log of a hundred megabytes of invented chat, twenty messages a second; returns how many it has. */
function writeLog(path: string): number {
  const file = openSync(path, 'w')
  let part = '# Start logging at 2026-01-31 00:00:00 UTC\n'
  let messages = 0
  for (let bytes = 0; bytes < 100_000_000; messages++) {
    // At most a day: the format has no dates.
    const second = Math.floor(messages / 20)
    const [h, m, s] = [Math.floor(second / 3600) % 24, Math.floor(second / 60) % 60, second % 60]
    const clock = [h, m, s].map((n) => String(n).padStart(2, '0')).join(':')
    const line = `[${clock}] viewer_${messages % 4099}: ${said[messages % said.length] ?? ''}, ${messages.toString(36)}\n`
    part += line
    bytes += line.length
    if (part.length > 1_000_000) {
      writeSync(file, part)
      part = ''
    }
  }
  writeSync(file, part)
  closeSync(file)
  return messages
}

/** The heap of the page's scripts after everything unneeded is gone, bytes. */
async function heap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.enable')
  await session.send('HeapProfiler.collectGarbage')
  const { metrics } = await session
    .send('Performance.enable')
    .then(() => session.send('Performance.getMetrics'))
  await session.detach()
  return metrics.find((m) => m.name === 'JSHeapUsedSize')?.value ?? Number.NaN
}

/** The most memory that any process of the browser had so far, bytes; undefined where the system does not tell. */
async function peak(): Promise<number | undefined> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const peaks = processInfo
    .map((p) => `/proc/${p.id}/status`)
    .filter((path) => existsSync(path))
    .map((path) => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(path, 'utf8'))?.[1]) * 1024)
    .filter((n) => Number.isFinite(n))
  return peaks.length === 0 ? undefined : Math.max(...peaks)
}

test('a log of 100 MB is sent with its progress shown, judged whole, and costs the page no memory', async () => {
  const log = join(folder, 'long_haul-2026-01-31.log')
  const messages = writeLog(log)
  expect(statSync(log).size).toBeGreaterThanOrEqual(100_000_000)
  const { page, done } = await openPage(browser)
  await signedIn(page, server)
  await page.goto(`${server.url}/upload`)
  await page.getByLabel('Choose a file').setInputFiles(log)
  await page.getByText('long_haul-2026-01-31.log').waitFor()
  await page.getByLabel('Channel, where').fill('long_haul')
  // What the bar shows is gone before anybody can ask for it: the page itself keeps it.
  await page.evaluate(() => {
    const seen: number[] = []
    Object.assign(window, { seen })
    new MutationObserver(() => {
      const bar = document.querySelector('progress')
      if (bar !== null && bar.value !== seen.at(-1)) seen.push(bar.value)
    }).observe(document.body, { subtree: true, childList: true, attributes: true })
  })
  const [heapBefore, peakBefore] = [await heap(page), await peak()]
  await page.getByRole('button', { name: 'Analyse' }).click()
  await page.getByRole('progressbar').waitFor()
  await page.getByRole('heading', { name: 'Analysed and saved' }).waitFor({ timeout: 100_000 })
  const [heapAfter, peakAfter] = [await heap(page), await peak()]
  expect(heapAfter - heapBefore, 'heap of scripts').toBeLessThan(10_000_000)
  if (peakBefore !== undefined && peakAfter !== undefined)
    expect(peakAfter - peakBefore, 'memory of the browser').toBeLessThan(60_000_000)

  const seen = await page.evaluate(() => (window as unknown as { seen: number[] }).seen)
  expect(seen).toEqual([...seen].sort((a, b) => a - b))
  expect(seen.filter((share) => share > 0 && share < 1).length).toBeGreaterThan(3)
  expect(seen.at(-1)).toBe(1)

  await page.getByText(`${messages.toLocaleString('en-US')} messages were counted.`).waitFor()
  await page.getByRole('link', { name: 'Open the report' }).click()
  await page.getByRole('heading', { name: 'long_haul' }).waitFor()
  await expect.poll(() => count(page, 'total')).toBe(messages)
  await page
    .getByRole('img', { name: /^From / })
    .first()
    .waitFor()
  await done()
})
