import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectAccessible, launch, openPage } from './browser'
import { startServer, type TestServer } from './server'

let server: TestServer
let browser: Browser

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launch()])
  await server.start('keys_room')
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

/** What has the focus, as a screen reader would name it. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const e = document.activeElement
    if (!(e instanceof HTMLElement) || e === document.body) return ''
    return (e.getAttribute('aria-label') ?? e.innerText).replaceAll(/\s+/g, ' ').trim()
  })

/** Presses Tab (or another key) until what has the focus has such a name; each stop on the way must show that it has it. */
async function tabTo(page: Page, name: RegExp, key = 'Tab'): Promise<void> {
  const passed: string[] = []
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press(key)
    const now = await focused(page)
    const shows = await page.evaluate(() => {
      for (let e = document.activeElement; e !== null && e !== document.body; e = e.parentElement) {
        const style = getComputedStyle(e)
        if (style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0) return true
      }
      return document.activeElement === document.body
    })
    expect(shows, `“${now}” shows that it has the focus`).toBe(true)
    if (name.test(now)) return
    passed.push(now)
  }
  throw new Error(`no ${key} leads to ${name.source}; passed: ${passed.join(' | ')}`)
}

test('a channel is pasted, watched, filtered, explained and left with the keyboard alone', async () => {
  const { page, done } = await openPage(browser)
  await page.goto(server.url)
  await page.getByRole('heading', { name: 'How does chat feel right now?' }).waitFor()
  // The first stop skips what is the same on every page.
  await page.keyboard.press('Tab')
  expect(await focused(page)).toBe('Skip to content')
  await page.keyboard.press('Enter')
  await tabTo(page, /^Twitch channel or link$/)
  await page.keyboard.type('https://www.twitch.tv/keys_room')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/analyze/keys_room')
  await page.waitForSelector('[data-testid=status][data-link=open]')
  const rows = page.getByTestId('chat').locator('article')
  await rows.first().waitFor()

  // Help, which keeps the focus until it is closed.
  await page.keyboard.press('?')
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  await help.waitFor()
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press('Tab')
    expect(
      await page.evaluate(() => {
        const e = document.activeElement
        return e === document.body || e?.closest('dialog, [role=dialog]') != null
      }),
    ).toBe(true)
  }
  await page.keyboard.press('Escape')
  await help.waitFor({ state: 'hidden' })

  // Filters by single keys and by pressing what Tab leads to.
  const shown = page.getByRole('group', { name: 'Show' })
  await page.keyboard.press('1')
  await expect.poll(() => new URL(page.url()).searchParams.get('show')).toBe('positive')
  await page.keyboard.press('0')
  await expect.poll(() => new URL(page.url()).search).toBe('')
  await tabTo(page, /^Search chat$/)
  await page.keyboard.press('Escape')
  await tabTo(page, /^neutral$/)
  await page.keyboard.press('Space')
  await expect
    .poll(() => shown.getByRole('button', { name: 'neutral' }).getAttribute('aria-pressed'))
    .toBe('true')
  await page.keyboard.press('0')
  await page.keyboard.press('/')
  await page.keyboard.type('nothing says this')
  await page.getByText('No message among the last').waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')

  // Why a message was judged so; where chat would move on, it is held first.
  await rows.first().waitFor()
  await page.keyboard.press('p')
  await page.getByRole('button', { name: /^Jump to newest/ }).waitFor()
  await tabTo(page, /why\?$/)
  await page.keyboard.press('Enter')
  const why = page.getByRole('dialog', { name: 'Why this label' })
  await why.waitFor()
  await expectAccessible(page, 'why, by the keyboard')
  await page.keyboard.press('Escape')
  await why.waitFor({ state: 'hidden' })
  // Back where it was asked from.
  expect(await focused(page)).toMatch(/why\?$/)
  await page.keyboard.press('p')

  // Out; the analysis goes on.
  await tabTo(page, /^Home$/, 'Shift+Tab')
  await page.keyboard.press('Enter')
  await page.waitForURL((url) => url.pathname === '/')
  await expect.poll(() => focused(page)).toMatch(/How does chat feel/)
  await page.getByRole('link', { name: /keys_room/ }).waitFor()
  await server.snapshot('keys_room')
  await done()
})

describe('motion', () => {
  /** Animations that repeat or last long enough to be seen. */
  const moving = (page: Page) =>
    page.evaluate(
      () =>
        document.getAnimations().filter((a) => {
          const { duration = 0, iterations = 1 } = a.effect?.getTiming() ?? {}
          return (
            a.playState === 'running' && Number(duration) > 10 && (iterations > 1 || Number(duration) > 100)
          )
        }).length,
    )

  test.each([
    ['no-preference', true],
    ['reduce', false],
  ] as const)('with %s', async (reducedMotion, moves) => {
    const { page, done } = await openPage(browser, { reducedMotion })
    await page.goto(`${server.url}/analyze/keys_room`)
    await page.waitForSelector('[data-testid=status][data-link=open]')
    await expect.poll(() => page.getByTestId('status').innerText()).toBe('Live')
    await page.getByTestId('chat').locator('article').first().waitFor()
    if (moves) await expect.poll(() => moving(page)).toBeGreaterThan(0)
    else expect(await moving(page)).toBe(0)
    if (!moves) {
      await page.keyboard.press('?')
      await page.getByRole('dialog').waitFor()
      expect(await moving(page)).toBe(0)
    }
    await done()
  })
})

describe('the compact view', () => {
  test('stands in a small window of its own where a browser keeps none on top', async () => {
    const { page, done } = await openPage(browser)
    await page.addInitScript(() => {
      Reflect.deleteProperty(window, 'documentPictureInPicture')
      Reflect.deleteProperty(Window.prototype, 'documentPictureInPicture')
    })
    await page.goto(`${server.url}/analyze/keys_room`)
    await page.waitForSelector('[data-testid=status][data-link=open]')
    const [small] = await Promise.all([
      page.waitForEvent('popup'),
      page.getByRole('button', { name: 'Keep the mood on top of other windows' }).click(),
    ])
    await small.waitForSelector('[data-testid=status][data-link=open]')
    expect(new URL(small.url()).pathname).toBe('/compact/keys_room')
    await small.getByText('keys_room').first().waitFor()
    // Everything is within the small window, and the newest message is there.
    await small.setViewportSize({ width: 320, height: 170 })
    await expect.poll(() => small.locator('main bdi').count()).toBeGreaterThan(0)
    const excess = () =>
      small.evaluate(() => {
        const { scrollWidth, scrollHeight } = document.documentElement
        return [scrollWidth - innerWidth, scrollHeight - innerHeight]
      })
    expect(await excess()).toEqual([0, 0])
    await expectAccessible(small, 'compact view')
    await done()
  })

  test('stands on top of other windows where a browser can do that, with the looks of the page', async () => {
    const { page, done } = await openPage(browser, { colorScheme: 'dark' })
    await page.goto(`${server.url}/analyze/keys_room`)
    await page.waitForSelector('[data-testid=status][data-link=open]')
    expect(await page.evaluate(() => 'documentPictureInPicture' in window)).toBe(true)
    await page.getByRole('button', { name: 'Keep the mood on top of other windows' }).click()
    const close = page.getByRole('button', { name: 'Close the small window' })
    await close.waitFor()
    const inside = () =>
      page.evaluate(() => {
        const { documentPictureInPicture: pip } = window as unknown as {
          documentPictureInPicture: { window: Window | null }
        }
        const small = pip.window
        if (small === null) return undefined
        const root = small.document.documentElement
        return {
          text: small.document.body.innerText,
          lang: root.lang,
          background: small.getComputedStyle(small.document.body).backgroundColor,
        }
      })
    await expect.poll(async () => (await inside())?.text).toContain('keys_room')
    await expect.poll(async () => (await inside())?.text).toMatch(/Live/)
    expect((await inside())?.lang).toBe('en')
    const ours = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    await expect.poll(async () => (await inside())?.background).toBe(ours)
    await close.click()
    await expect.poll(inside).toBeUndefined()
    await done()
  })
})
