import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAccessible, launch, openPage } from './browser'
import { signedIn, signInOn } from './people'
import { startServer, type Person, type TestServer } from './server'

let server: TestServer
let browser: Browser

const bert: Person = {
  first_name: 'Bert',
  last_name: 'Kite',
  email: 'bert@example.org',
  password: 'Marmalade9? kite',
}

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launch()])
  await server.start('some_room')
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

/** Puts entries of seven people into the activity log, straight into the database. */
async function fillLog(filled: TestServer, entries: number): Promise<void> {
  const program = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=60)
at = 1767225600_000000
rows = []
for i in range(int(sys.argv[2])):
    name, done, more = "Günther %d" % (i % 7), "Saved an Analysis", "Saved the session of needle_%d, hay" % i
    text = "\\n".join((name, done, more)).lower()
    rows.append(("%024x" % (0x65920000 << 64 | i), "", name, done, more, text, at + i * 1_000_000))
with db:
    db.executemany("INSERT INTO logs (id, user_id, user_name, activity, details, text_key, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
`
  await promisify(execFile)('python3', ['-c', program, join(filled.data, 'chatmood.db'), String(entries)])
}

test('adds a user, who is thrown out within seconds of being suspended', async () => {
  const { page, done } = await openPage(browser)
  await signedIn(page, server)
  await page.goto(`${server.url}/admin`)
  await page.waitForURL('**/admin/dashboard')
  await page.getByRole('heading', { name: 'Health' }).waitFor()
  await page.getByRole('img', { name: /^Sign-ins/ }).waitFor()
  await expectAccessible(page, 'overview')

  await page.getByRole('link', { name: 'Users' }).first().click()
  await page.getByRole('button', { name: 'Add a user' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('First name').fill(bert.first_name)
  await dialog.getByLabel('Last name').fill(bert.last_name)
  await dialog.getByLabel('E-mail').fill(bert.email)
  await dialog.getByLabel('Password', { exact: true }).fill(bert.password)
  await expectAccessible(page, 'new user')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Bert Kite', exact: true }).waitFor()

  // Two pages of theirs: one at rest, one on which chat runs.
  const theirs = await openPage(browser, {}, /status of 40[13]/)
  await signInOn(theirs.page, server, bert)
  await theirs.page.goto(`${server.url}/history`)
  await theirs.page.getByRole('heading', { name: 'Nothing saved yet' }).waitFor()
  const live = await theirs.page.context().newPage()
  await live.goto(`${server.url}/analyze/some_room`)
  await live.waitForSelector('[data-testid=status][data-link=open]')

  await page.getByRole('button', { name: 'Actions for Bert Kite' }).click()
  await page.getByRole('menuitem', { name: 'Suspend' }).click()
  await page.getByText('Suspended', { exact: true }).last().waitFor()
  // Each page asks every 4 s whether its sign-in holds: the first answer from here on shows, so 5 s are kept.
  const asked = [theirs.page, live].map((p) => {
    const answers: number[] = []
    p.on('response', (r) => {
      if (new URL(r.url()).pathname === '/api/authenticate') answers.push(r.status())
    })
    return answers
  })
  await Promise.all(
    [theirs.page, live].map((p) => p.getByRole('banner').getByRole('link', { name: 'Sign in' }).waitFor()),
  )
  // Whichever learnt it first says so; the other follows it.
  const said = await Promise.all([theirs.page, live].map((p) => p.getByText('You are signed out').count()))
  expect(Math.max(...said)).toBe(1)
  for (const answers of asked) expect(answers.filter((s) => s === 200)).toEqual([])
  await theirs.page.getByRole('heading', { name: 'Please sign in' }).waitFor()
  await live.close()
  await theirs.page.goto(`${server.url}/login`)
  await theirs.page.getByLabel('E-mail').fill(bert.email)
  await theirs.page.getByLabel('Password', { exact: true }).fill(bert.password)
  await theirs.page.keyboard.press('Enter')
  await theirs.page.getByText('Account is suspended.').waitFor()
  await theirs.done()

  await page.getByRole('searchbox').fill('bert@')
  await expect.poll(() => page.getByTestId('rows').innerText()).toBe('1–1 of 1')
  await page.getByRole('button', { name: 'Bert Kite', exact: true }).click()
  await dialog.getByLabel('Status').selectOption('active')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The user was changed.').waitFor()
  await expectAccessible(page, 'users')

  // Their history by its address alone, as from a bookmark: under their name.
  await page.getByRole('button', { name: 'Actions for Bert Kite' }).click()
  const path = await page.getByRole('menuitem', { name: 'View history' }).getAttribute('href')
  await page.goto(server.url + (path ?? ''))
  await page.getByRole('heading', { name: 'History of Bert Kite' }).waitFor()
  await expect.poll(() => page.title()).toContain('History of Bert Kite')
  await done()
})

test('searches the activity log on the server, literally', async () => {
  const { page, done } = await openPage(browser)
  await signedIn(page, server)
  await page.goto(`${server.url}/admin/logs`)
  await page.getByRole('table', { name: 'Activity' }).waitFor()
  await page.getByRole('searchbox').fill('bert@example.org')
  await expect.poll(() => page.locator('tbody tr').count()).toBeGreaterThan(0)
  await expect
    .poll(async () => (await page.locator('tbody tr').allInnerTexts()).every((row) => /bert/i.test(row)))
    .toBe(true)
  // No pattern: a dot is a dot.
  await page.getByRole('searchbox').fill('bert.example')
  await page.getByText('Nothing matches.').waitFor()
  await page.getByRole('searchbox').fill('')
  await page.getByRole('combobox', { name: 'Activity', exact: true }).selectOption('Set up the server')
  await expect.poll(() => page.getByTestId('rows').innerText()).toBe('1–1 of 1')
  await expectAccessible(page, 'activity')
  await done()
})

test('searches ten thousand entries, and pages through what it found', async () => {
  await fillLog(server, 10_000)
  const { page, done } = await openPage(browser)
  await signedIn(page, server)
  await page.goto(`${server.url}/admin/logs`)
  const rows = page.getByTestId('rows')
  await expect.poll(() => rows.innerText()).toMatch(/^1–\d+ of 10,\d{3}$/)
  await page.getByRole('searchbox').fill('needle_4321')
  await expect.poll(() => rows.innerText()).toBe('1–1 of 1')
  await page.getByRole('cell', { name: 'Saved the session of needle_4321, hay' }).waitFor()
  // A person's entries, every seventh, in pages.
  await page.getByRole('searchbox').fill('GÜNTHER 3')
  await expect.poll(() => rows.innerText()).toMatch(/^1–\d+ of 1,429$/)
  const first = await page.locator('tbody').innerText()
  await page.getByRole('button', { name: 'Next page' }).click()
  await expect.poll(() => new URL(page.url()).searchParams.get('page')).toBe('2')
  await expect.poll(() => rows.innerText()).not.toMatch(/^1–/)
  await expect.poll(() => page.locator('tbody').innerText()).not.toBe(first)
  for (const row of await page.locator('tbody tr').all()) expect(await row.innerText()).toContain('Günther 3')
  await done()
})

test('invites, looks at what runs and at the mail', async () => {
  const { page, done } = await openPage(browser)
  await signedIn(page, server)
  await page.goto(`${server.url}/admin/invites`)
  await page.getByLabel('Only for this address').fill('new@example.org')
  await page.getByRole('button', { name: 'Invite' }).click()
  const link = await page.getByRole('textbox', { name: /The invitation/ }).inputValue()
  await page.getByText('0 of 1 used').waitFor()
  await expectAccessible(page, 'invitations')
  const guest = await openPage(browser)
  await guest.page.goto(server.url + link.replace(/^https?:\/\/[^/]+/, ''))
  await guest.page.getByText('You are invited to this server.').waitFor()
  await expect.poll(() => guest.page.getByLabel('E-mail').inputValue()).toBe('new@example.org')
  await guest.done()
  await page.getByRole('button', { name: 'Take back' }).click()
  await page.getByText('There are no invitations.').waitFor()

  await page.goto(`${server.url}/admin/channels`)
  const row = page.getByRole('row', { name: /some_room/ })
  await row.getByRole('button', { name: 'Stop for everybody' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Stop for everybody' }).click()
  await row.waitFor({ state: 'detached' })
  await expectAccessible(page, 'running')

  await page.goto(`${server.url}/admin/mail`)
  await page.getByRole('button', { name: 'Send a test mail' }).click()
  await page.getByText('The test mail is on its way.').waitFor()
  await expectAccessible(page, 'mail')
  await done()
})
