import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAccessible, launch, openPage } from './browser'
import { signedIn } from './people'
import { startServer, type TestServer } from './server'

let server: TestServer
let browser: Browser
const room = 'first_room'

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer('--rate', '5'), launch()])
  await server.start(room)
  await server.messages(room, 20)
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

test('a label is corrected with the keyboard, seen by another viewer at once, and taken back', async () => {
  const watching = await openPage(browser)
  await watching.page.goto(`${server.url}/analyze/${room}`)
  const { page, done } = await openPage(browser)
  await signedIn(page, server)
  await page.goto(`${server.url}/analyze/${room}`)
  for (const p of [page, watching.page]) await p.waitForSelector('[data-testid=status][data-link=open]')
  const chat = page.getByTestId('chat')
  await chat
    .getByRole('button', { name: /^positive.*why/ })
    .last()
    .waitFor()
  await page.keyboard.press('p') // nothing moves meanwhile
  await watching.page.keyboard.press('p')
  await chat
    .getByRole('button', { name: /^positive.*why/ })
    .last()
    .click()
  const dialog = page.getByRole('dialog', { name: 'Why this label' })
  const text = await dialog.locator('blockquote').innerText()

  const asked = page.waitForResponse(
    (r) => r.url().endsWith('/corrections') && r.request().method() === 'POST',
  )
  await dialog.getByRole('button', { name: 'negative', exact: true }).focus()
  await page.keyboard.press('Enter')
  const answer = await asked
  expect(answer.status()).toBe(201)
  const { message_id: id } = answer.request().postDataJSON() as { message_id: string }
  await dialog.getByText('Done: this message counts as negative now.').waitFor()
  await dialog.getByText('corrected by a person').waitFor()
  await expectAccessible(page, 'a corrected label')
  const label = async () => {
    const response = await fetch(`${server.url}/api/channels/${room}/messages?limit=200`)
    const { messages } = (await response.json()) as { messages: { id: string; x: string; l: string }[] }
    return messages.find((m) => m.id === id)
  }
  expect(await label()).toMatchObject({ l: 'n' })
  // The other viewer has it too, without asking.
  const seen = watching.page.getByTestId('chat').locator('[data-index]', { hasText: text })
  await expect
    .poll(() => seen.getByRole('button', { name: /^negative.*why/ }).count(), { timeout: 10_000 })
    .toBeGreaterThan(0)

  await dialog.getByRole('button', { name: 'Undo' }).click()
  await dialog.getByText(/your correction is gone/).waitFor()
  await expect.poll(async () => (await label())?.l).toBe('p')
  await done()
  await watching.done()
})
