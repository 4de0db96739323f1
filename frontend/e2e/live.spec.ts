import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type {} from '../src/lib/debug'
import { count, expectAccessible, launch, openPage, phone } from './browser'
import { Observer } from './observer'
import { signedIn } from './people'
import { CuttableProxy, startServer, type TestServer } from './server'

let server: TestServer
let browser: Browser
let channel: string

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launch()])
  channel = await server.demoChannel()
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

const status = (page: Page) => page.getByTestId('status')
const rows = (page: Page) => page.getByTestId('chat').locator('article')

/** Opens a channel's live page and waits until it is connected. */
async function connect(page: Page, base: string): Promise<void> {
  await server.start(channel)
  await page.goto(`${base}/analyze/${channel}`)
  await page.waitForSelector('[data-testid=status][data-link=open]')
}

/** The same, and waits until chat flows. */
async function live(page: Page, base: string): Promise<void> {
  await connect(page, base)
  await rows(page).first().waitFor()
}

const grows = async (page: Page, testId: string): Promise<void> => {
  const before = await count(page, testId)
  await expect.poll(() => count(page, testId), { timeout: 30_000 }).toBeGreaterThan(before)
}

describe('the live page', () => {
  test('from the first page to growing counts in one press', async () => {
    const { page, done } = await openPage(browser)
    await page.goto(server.url)
    await page.getByRole('button', { name: channel, exact: true }).click()
    await page.waitForURL(`**/analyze/${channel}`)
    await expect.poll(() => status(page).innerText(), { timeout: 30_000 }).toBe('Live')
    await grows(page, 'total')
    await rows(page).first().waitFor()
    const [positive, neutral, negative, total] = await page.evaluate(() =>
      ['count-positive', 'count-neutral', 'count-negative', 'total'].map((id) =>
        Number(document.querySelector(`[data-testid=${id}]`)?.textContent.replaceAll(/[^\d]/g, '')),
      ),
    )
    expect((positive ?? 0) + (neutral ?? 0) + (negative ?? 0)).toBe(total)
    await done()
  })

  test('a pasted link is understood, a wrong one is told', async () => {
    const { page, done } = await openPage(browser)
    await page.goto(server.url)
    const field = page.getByRole('textbox', { name: 'Twitch channel or link' })
    await field.fill('https://clips.twitch.tv/SomeClip')
    await field.press('Enter')
    await page.getByText('does not tell its channel').waitFor()
    await field.fill(`https://m.twitch.tv/${channel.toUpperCase()}/videos?x=1`)
    await page.getByText(`Channel: ${channel}`).waitFor()
    await field.press('Enter')
    await page.waitForURL(`**/analyze/${channel}`)
    await done()
  })

  test('shows one label alone, and keeps that in its address', async () => {
    const { page, done } = await openPage(browser)
    await live(page, server.url)
    await page.getByRole('group', { name: 'Show' }).getByRole('button', { name: 'negative' }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('show')).toBe('negative')
    await rows(page).first().waitFor()
    const labels = await rows(page).evaluateAll((list) => list.map((e) => e.dataset.label))
    expect(new Set(labels)).toEqual(new Set(['negative']))
    await page.reload()
    await rows(page).first().waitFor()
    const again = await rows(page).evaluateAll((list) => list.map((e) => e.dataset.label))
    expect(new Set(again)).toEqual(new Set(['negative']))
    await page.keyboard.press('0')
    await expect.poll(() => new URL(page.url()).search).toBe('')
    await done()
  })

  test('finds text by the keyboard', async () => {
    const { page, done } = await openPage(browser)
    await live(page, server.url)
    await page.keyboard.press('/')
    await page.keyboard.type('no message says this')
    await page.getByText('No message among the last').waitFor()
    await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('no message says this')
    await page.keyboard.press('Escape')
    await rows(page).first().waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await done()
  })

  test('holds still while somebody reads, and jumps to the newest', async () => {
    const { page, done } = await openPage(browser)
    await live(page, server.url)
    const chat = page.getByTestId('chat')
    await expect
      .poll(() => chat.evaluate((e) => e.scrollHeight > e.clientHeight + 300), { timeout: 60_000 })
      .toBe(true)
    await chat.hover()
    await page.mouse.wheel(0, -250)
    const jump = page.getByRole('button', { name: /Jump to newest/ })
    await jump.waitFor()
    const shown = () => rows(page).evaluateAll((list) => list.map((e) => e.dataset.id).join())
    const before = await shown()
    await page.getByRole('button', { name: /Jump to newest \(.+ new\)/ }).waitFor()
    expect(await shown()).toBe(before)
    await jump.click()
    await jump.waitFor({ state: 'hidden' })
    const atEnd = () => chat.evaluate((e) => e.scrollHeight - e.scrollTop - e.clientHeight < 4)
    await expect.poll(atEnd).toBe(true)
    await grows(page, 'total')
    await expect.poll(atEnd).toBe(true)
    await done()
  })

  test('loses the server for five seconds and misses nothing', async () => {
    const proxy = new CuttableProxy(server.port)
    await proxy.start()
    const { page, done } = await openPage(
      browser,
      {},
      /WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/,
    )
    try {
      await live(page, proxy.url)
      const observer = await Observer.watch(server.url, channel)
      const seen = () => page.evaluate(() => window.__chatmood?.messageIds() ?? [])
      await expect.poll(async () => (await seen()).length, { timeout: 60_000 }).toBeGreaterThan(20)

      await proxy.cut()
      await page.waitForSelector('[data-testid=status][data-link=waiting]')
      expect(await status(page).innerText()).toMatch(/Reconnecting/)
      await page.getByText('The connection to the chatmood server broke.').waitFor()
      const during = observer.ids.length
      await page.waitForTimeout(5000)
      await expect.poll(() => observer.ids.length, { timeout: 60_000 }).toBeGreaterThan(during)
      await proxy.start()
      await page.waitForSelector('[data-testid=status][data-link=open]')

      // The page reaches what the server had sent by now.
      await expect
        .poll(async () => (await seen()).includes(observer.ids.at(-1) ?? ''), { timeout: 30_000 })
        .toBe(true)
      const ids = await seen()
      const sent = observer.ids
      const from = Math.max(
        ids.findIndex((id) => id === sent[0]),
        0,
      )
      const begin = sent.indexOf(ids[from] ?? '')
      expect(begin).toBeGreaterThanOrEqual(0)
      const both = Math.min(ids.length - from, sent.length - begin)
      expect(both).toBeGreaterThan(20)
      expect(ids.slice(from, from + both)).toEqual(sent.slice(begin, begin + both))
      expect(new Set(ids).size).toBe(ids.length)
      expect(await page.getByText(/messages missed by this page/).count()).toBe(0)
      // The course of those seconds is filled in, too.
      await page.getByRole('button', { name: 'Table' }).click()
      await page.getByRole('table').waitFor()
      await expect
        .poll(() => page.locator('td', { hasText: 'not read' }).count(), { timeout: 30_000 })
        .toBe(0)
      await grows(page, 'total')
      observer.close()
      await done()
    } finally {
      await proxy.cut()
    }
  })

  test('another channel than those analysed can be started from its address', async () => {
    const { page, done } = await openPage(browser)
    await page.goto(`${server.url}/analyze/nobody_started_this`)
    await page.getByRole('heading', { name: 'nobody_started_this is not being analysed' }).waitFor()
    await page.getByRole('button', { name: 'Start analysis' }).waitFor()
    await page.goto(`${server.url}/analyze/${'x'.repeat(30)}`)
    await page.getByText('is no Twitch channel name').waitFor()
    await done()
  })

  test('leaving goes on, stopping asks first and leads to the report', async () => {
    const room = 'a_room_of_mine'
    const { page, done } = await openPage(browser)
    await signedIn(page, server)
    await page.goto(server.url)
    await page.getByRole('textbox', { name: 'Twitch channel or link' }).fill(room)
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-testid=status][data-link=open]')
    await rows(page).first().waitFor()
    // The first rows may be a bot's, which do not count.
    await expect.poll(() => count(page, 'total'), { timeout: 30_000 }).toBeGreaterThan(0)
    await page.getByRole('link', { name: 'Home' }).click()
    await page.getByRole('link', { name: new RegExp(room) }).click()
    await page.waitForSelector('[data-testid=status][data-link=open]')

    await page.getByRole('button', { name: 'Stop' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('closing this page never stops an analysis').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await expect.poll(() => status(page).innerText()).toBe('Live')

    await page.getByRole('button', { name: 'Stop' }).click()
    await dialog.getByRole('button', { name: 'Stop analysis' }).click()
    await expect.poll(() => status(page).innerText()).toBe('Stopped')
    await page.getByRole('link', { name: 'Open the report' }).click()
    await page.waitForURL('**/sessions/*')
    await page.getByRole('heading', { name: room }).waitFor()
    expect(await count(page, 'total')).toBeGreaterThan(0)

    await page.getByRole('link', { name: 'All sessions' }).click()
    await page.getByRole('link', { name: room }).first().waitFor()
    await done()
  })

  test('tells why a message was judged so, and shows what one person wrote', async () => {
    const { page, done } = await openPage(browser)
    await live(page, server.url)
    await page.keyboard.press('p')
    await page
      .getByTestId('chat')
      .getByRole('button', { name: /^positive.*why/ })
      .last()
      .click()
    const dialog = page.getByRole('dialog', { name: 'Why this label' })
    await dialog.getByRole('heading', { name: 'What weighed most' }).waitFor()
    await expectAccessible(page, 'why')
    await dialog.getByRole('button', { name: /^Show what/ }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBeTruthy()
    await done()
  })

  test('narrows chat to questions, and that is in its address', async () => {
    const { page, done } = await openPage(browser)
    await live(page, server.url)
    await page.getByRole('button', { name: 'More filters' }).click()
    await page.getByRole('menuitemcheckbox', { name: 'questions' }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('only')).toBe('question')
    await page.keyboard.press('Escape')
    await page.getByRole('group', { name: 'Show' }).getByRole('button', { name: 'questions' }).click()
    await expect.poll(() => new URL(page.url()).search).toBe('')
    await done()
  })

  test('shows several channels side by side', async () => {
    const { page, done } = await openPage(browser)
    await server.start(channel)
    await server.start('beside_it')
    await page.goto(`${server.url}/multi?c=${channel}`)
    await page.getByRole('combobox', { name: 'Twitch channel or link' }).fill('beside_it')
    await page.getByRole('button', { name: 'Add' }).click()
    await expect.poll(() => page.locator('[data-testid=status][data-link=open]').count()).toBe(2)
    await expectAccessible(page, 'side by side')
    await page.getByRole('button', { name: `Take ${channel} away` }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('c')).toBe('beside_it')
    await done()
  })

  test('works on a phone', async () => {
    const { page, done } = await openPage(browser, { viewport: phone, hasTouch: true, isMobile: true })
    await connect(page, server.url)
    await page.getByTestId('mood').waitFor()
    await page.getByRole('button', { name: 'Chat', exact: true }).tap()
    await rows(page).first().waitFor()
    await page.getByRole('button', { name: 'Details', exact: true }).tap()
    await page.getByRole('heading', { name: 'Top chatters' }).waitFor()
    await done()
  })
})
