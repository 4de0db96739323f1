import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectAccessible, expectNoSidewaysScroll, launch, openPage } from './browser'
import { signedIn } from './people'
import { ada, startServerWith, type TestServer } from './server'

// What operators set up: texts of their own, and pictures of emotes from a server that stands for Twitch's.
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

let server: TestServer
let browser: Browser
let channel: string
let broken = false
const asked: { path: string; referer: string | undefined }[] = []
const pictures = createServer((request, answer) => {
  asked.push({ path: request.url ?? '', referer: request.headers.referer })
  if (broken) {
    answer.writeHead(404).end()
    return
  }
  answer.writeHead(200, { 'Content-Type': 'image/png' }).end(png)
})

beforeAll(async () => {
  await new Promise<void>((ok) => pictures.listen(0, '127.0.0.1', ok))
  const origin = `http://127.0.0.1:${(pictures.address() as AddressInfo).port}`
  ;[server, browser] = await Promise.all([
    startServerWith({ setUp: true, env: { EMOTE_IMAGES: origin } }),
    launch(),
  ])
  channel = await server.demoChannel()
  await server.start(channel)
  await server.messages(channel, 40)
})

afterAll(async () => {
  await browser.close()
  await server.stop()
  await new Promise((done) => pictures.close(done))
})

const emotes = (page: Page) => page.getByTestId('chat').locator('img')

describe('pictures of emotes', () => {
  test('are asked for only where the reader chose them, and their names remain', async () => {
    const { page, done } = await openPage(browser)
    await page.goto(`${server.url}/analyze/${channel}`)
    await page.getByTestId('chat').locator('article').first().waitFor()
    await page.getByTestId('chat').locator('article span.bg-raised').first().waitFor({ timeout: 60_000 })
    expect(await emotes(page).count()).toBe(0)
    expect(asked).toEqual([])

    await page.getByRole('button', { name: 'More filters' }).click()
    const choice = page.getByRole('menuitemcheckbox', { name: /Emote pictures/ })
    await choice.getByText(/They come from 127\.0\.0\.1:\d+, which then sees your address/).waitFor()
    await choice.click()
    await page.keyboard.press('Escape')
    await emotes(page).first().waitFor()
    const seen = await emotes(page)
      .first()
      .evaluate((img: HTMLImageElement) => ({
        alt: img.alt,
        width: img.offsetWidth,
        height: img.offsetHeight,
      }))
    expect(seen.alt).not.toBe('')
    expect([seen.width, seen.height]).toEqual([24, 24])
    await expect.poll(() => asked.length).toBeGreaterThan(0)
    for (const { path, referer } of asked) {
      expect(path).toMatch(/^\/emoticons\/v2\/[\w%-]+\/default\/(light|dark)\/[12]\.0$/)
      expect(referer).toBeUndefined()
    }
    await expectAccessible(page, 'chat with pictures')

    // Remembered; and off again when it is taken back.
    await page.reload()
    await emotes(page).first().waitFor()
    await page.getByRole('button', { name: 'More filters' }).click()
    await page.getByRole('menuitemcheckbox', { name: /Emote pictures/ }).click()
    await expect.poll(() => emotes(page).count()).toBe(0)
    await done()
  })

  test('that do not come leave the name', async () => {
    broken = true
    const { page, done } = await openPage(browser, {}, /Failed to load resource/)
    await page.addInitScript(() => {
      localStorage.setItem('chatmood:emotes', 'pictures')
    })
    const before = asked.length
    await page.goto(`${server.url}/analyze/${channel}`)
    await page.getByTestId('chat').locator('article').first().waitFor()
    await expect.poll(() => asked.length, { timeout: 60_000 }).toBeGreaterThan(before)
    await page.getByTestId('chat').locator('article span.bg-raised').first().waitFor()
    await done()
    broken = false
  })
})

test('where the operator allows no pictures none are asked for, whatever the browser remembers', async () => {
  const plain = await startServerWith({ setUp: true })
  const { page, done } = await openPage(browser)
  try {
    await page.addInitScript(() => {
      localStorage.setItem('chatmood:emotes', 'pictures')
    })
    // openPage fails on any request to another host; this one also counts other ports.
    const foreign: string[] = []
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url())
      if (protocol.startsWith('http') && origin !== plain.url) foreign.push(request.url())
    })
    const room = await plain.demoChannel()
    await plain.start(room)
    await plain.messages(room, 40)
    const shown = await page.goto(`${plain.url}/analyze/${room}`)
    expect(shown?.headers()['content-security-policy']).toContain("img-src 'self' data:;")
    await page.getByTestId('chat').locator('article span.bg-raised').first().waitFor({ timeout: 60_000 })
    expect(await emotes(page).count()).toBe(0)
    await page.getByRole('button', { name: 'More filters' }).click()
    await page.getByRole('menuitemcheckbox').first().waitFor()
    expect(await page.getByRole('menuitemcheckbox', { name: /Emote pictures/ }).count()).toBe(0)
    for (const path of ['/', '/about', '/privacy', '/contact', '/login', '/sessions']) {
      await page.goto(plain.url + path)
      await page.getByRole('heading').first().waitFor()
    }
    expect(foreign).toEqual([])
    await done()
  } finally {
    await plain.stop()
  }
})

describe('texts of the operator', () => {
  const put = (name: string, text: string) => {
    mkdirSync(join(server.data, 'pages'), { recursive: true })
    writeFileSync(join(server.data, 'pages', name), text)
  }

  test('take the place of ours, by language, and can do nothing', async () => {
    put(
      'privacy.md',
      '# What we keep\n\n<script>document.title = "taken"</script><img src=x onerror="document.title=\'taken\'">\n\n' +
        '[bad](javascript:document.title="taken") and [the terms](/terms)\n\n| what | how long |\n|---|---|\n| logs | 30 days |\n',
    )
    put('privacy.de.md', '# Was wir behalten\n')
    put('contact.md', 'Our office is open **on Mondays**.\n')
    const { page, done } = await openPage(browser)
    await page.goto(`${server.url}/privacy`)
    await page.getByRole('heading', { name: 'What we keep', level: 1 }).waitFor()
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
    await page.getByRole('table').waitFor()
    await page.getByText(/^Last changed/).waitFor()
    expect(await page.locator('.operator-text').innerHTML()).not.toMatch(/script|onerror|img/)
    await page.getByText('bad').click()
    expect(await page.title()).not.toBe('taken')
    await expectAccessible(page, 'a text of the operator')
    await page.setViewportSize({ width: 320, height: 640 })
    await expectNoSidewaysScroll(page, 'a text of the operator')
    await page.getByRole('link', { name: 'the terms' }).click()
    await page.getByRole('heading', { name: 'Terms of use' }).waitFor()
    await page.goto(`${server.url}/contact`)
    await page.getByText('on Mondays').waitFor()
    await page.evaluate(() => {
      localStorage.setItem('chatmood:language', 'de')
    })
    await page.goto(`${server.url}/privacy`)
    await page.getByRole('heading', { name: 'Was wir behalten' }).waitFor()
    await done()
  })
})

test('an administrator reads what somebody saved, and changes nothing', async () => {
  const id = await server.save(channel)
  const { page, done } = await openPage(browser)
  await signedIn(page, server)
  // Without a language model nobody is offered one.
  await page.goto(`${server.url}/history/${id}`)
  await page.getByRole('button', { name: 'Write anew from the figures' }).first().waitFor()
  expect(await page.getByRole('button', { name: /model/i }).count()).toBe(0)
  await page.goto(`${server.url}/admin/users`)
  await page.getByTestId('rows').waitFor()
  await page
    .getByRole('button', { name: new RegExp(ada.first_name) })
    .last()
    .click()
  await page.getByRole('menuitem', { name: 'View history' }).click()
  await page.getByRole('table').getByRole('link').first().click()
  await page.getByText('Read only. That you looked at it is in the activity log.').waitFor()
  await page.getByTestId('total').waitFor()
  expect(await page.getByRole('button', { name: 'Archive' }).count()).toBe(0)
  await expectAccessible(page, 'an analysis of somebody else')
  await done()
})
