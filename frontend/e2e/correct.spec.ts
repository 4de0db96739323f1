import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAccessible, expectNoSidewaysScroll, launch, openPage, phone } from './browser'
import { signedIn } from './people'
import { startServer, type TestServer } from './server'

let server: TestServer
let browser: Browser
const room = 'first_room'

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer('--rate', '3'), launch()])
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
  const { subject: id } = ((await answer.json()) as { correction: { subject: string } }).correction
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

test('what an emote means is corrected, frozen and released in the tab that shows what was learnt', async () => {
  interface Emote {
    emote: string
    state: string
    value: number
    frozen: boolean
  }
  const learned = async (): Promise<Emote[]> => {
    const response = await fetch(`${server.url}/api/channels/${room}/learned`)
    return ((await response.json()) as { emotes: Emote[] }).emotes
  }
  const emote = 'zorpQux'
  // The simulated chat says no emote that nobody has rated: one is set first.
  const set = await fetch(`${server.url}/api/channels/${room}/learned/${emote}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${await server.signIn()}` },
    body: JSON.stringify({ value: 0.5 }),
  })
  expect(set.status).toBe(200)
  const now = async () => (await learned()).find((e) => e.emote === emote)

  const guest = await openPage(browser, { viewport: phone })
  await guest.page.goto(`${server.url}/analyze/${room}`)
  await guest.page.getByRole('button', { name: 'Details', exact: true }).click()
  await guest.page.getByRole('tab', { name: 'Learnt' }).click()
  await guest.page.getByRole('tabpanel', { name: 'Learnt' }).getByText(emote, { exact: true }).waitFor()
  expect(await guest.page.getByRole('button', { name: `Change what ${emote} means` }).count()).toBe(0)
  await expectNoSidewaysScroll(guest.page, 'what was learnt, on a phone')
  await guest.done()

  const { page, done } = await openPage(browser)
  await signedIn(page, server)
  await page.goto(`${server.url}/analyze/${room}`)
  await page.getByRole('tab', { name: 'Learnt' }).focus()
  await page.keyboard.press('Enter')
  const change = page.getByRole('button', { name: `Change what ${emote} means` })
  await change.focus()
  await page.keyboard.press('Enter')
  const choices = page.getByRole('group', { name: `Change what ${emote} means` })
  await choices.getByRole('button', { name: 'Bad' }).click()
  await expect.poll(async () => (await now())?.value).toBe(-0.8)
  await expect
    .poll(() => choices.getByRole('button', { name: 'Bad' }).getAttribute('aria-pressed'))
    .toBe('true')
  await choices.getByRole('button', { name: 'Freeze' }).click()
  await expect
    .poll(() => choices.getByRole('button', { name: 'Freeze' }).getAttribute('aria-pressed'))
    .toBe('true')
  expect(await now()).toMatchObject({ value: -0.8, frozen: true })
  await expectAccessible(page, 'an emote that is corrected')
  await choices.getByRole('button', { name: 'Release' }).click()
  // Nobody has said it: released, nothing is left of it.
  await page.getByText(/Nothing yet/).waitFor()
  expect((await now())?.state).not.toBe('corrected')
  await done()
})
