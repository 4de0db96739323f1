import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { desktop, launch, openPage } from './browser'
import { signedIn } from './people'
import { startServer, type TestServer } from './server'

// The README's pictures, of invented chat: `make pictures`. The moving one needs img2webp (Debian: webp).
const warmUp = Number(process.env.WARM_UP ?? 150)
const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url))

let server: TestServer
let browser: Browser
let channel: string
const other = 'quiet_corner'

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer('--rate', '5', '--seed', '11'), launch()])
  channel = await server.demoChannel()
  await server.start(channel)
  await server.start(other)
  await new Promise((r) => setTimeout(r, warmUp * 1000))
}, 600_000)

afterAll(async () => {
  await browser.close()
  await server.stop()
})

test('the live page, and how it moves', async () => {
  const { page, done } = await openPage(browser, { colorScheme: 'light' })
  await page.goto(`${server.url}/analyze/${channel}`)
  await page.waitForSelector('[data-testid=chat] article')
  await page.waitForTimeout(2000)
  await page.screenshot({ path: join(folder, 'live.png') })

  const frames = mkdtempSync(join(tmpdir(), 'chatmood-frames-'))
  await page.setViewportSize({ width: 1120, height: 680 })
  await page.waitForTimeout(1500)
  const names: string[] = []
  const every = 500
  for (let i = 0, at = Date.now(); i < 24; i++, at += every) {
    await page.waitForTimeout(Math.max(0, at - Date.now()))
    const name = join(frames, `${String(i).padStart(2, '0')}.png`)
    await page.screenshot({ path: name, scale: 'css' })
    names.push(name)
  }
  const out = join(folder, 'live.webp')
  execFileSync('img2webp', [
    '-loop',
    '0',
    '-d',
    String(every),
    '-lossy',
    '-q',
    '55',
    '-m',
    '4',
    ...names,
    '-o',
    out,
  ])
  rmSync(frames, { recursive: true, force: true })
  expect(statSync(out).size).toBeLessThan(1_500_000)
  await done()
})

test('a report and a comparison', async () => {
  const saved = await Promise.all([server.save(channel), server.save(other)])
  const { page, done } = await openPage(browser, { colorScheme: 'light', viewport: desktop })
  await signedIn(page, server)
  await page.goto(`${server.url}/history/${saved[0]}`)
  await page.getByTestId('total').waitFor()
  await page.getByRole('img', { name: /^From / }).waitFor()
  await page.screenshot({ path: join(folder, 'report.png') })
  await page.goto(`${server.url}/history/compare?ids=${saved.join(',')}`)
  await page.getByRole('img', { name: /Mood over time: / }).waitFor()
  await page.screenshot({ path: join(folder, 'compare.png') })
  await done()
})
