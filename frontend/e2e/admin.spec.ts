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

  const theirs = await openPage(browser, {}, /status of 40[13]/)
  await signInOn(theirs.page, server, bert)
  await theirs.page.goto(`${server.url}/history`)
  await theirs.page.getByRole('heading', { name: 'Nothing saved yet' }).waitFor()

  await page.getByRole('button', { name: 'Actions for Bert Kite' }).click()
  await page.getByRole('menuitem', { name: 'Suspend' }).click()
  await page.getByText('Suspended', { exact: true }).last().waitFor()
  await theirs.page.getByText('You are signed out').waitFor()
  await theirs.page.getByRole('heading', { name: 'Please sign in' }).waitFor()
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
  await page.getByLabel('Activity', { exact: true }).selectOption('Set up the server')
  await expect.poll(() => page.getByTestId('rows').innerText()).toBe('1–1 of 1')
  await expectAccessible(page, 'activity')
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
