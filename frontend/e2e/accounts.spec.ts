import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectAccessible, launch, openPage } from './browser'
import { codeIn, codeLine, signInOn } from './people'
import { ada, startServerWith, type Person, type TestServer } from './server'

let server: TestServer
let browser: Browser

const nora: Person = {
  first_name: 'Nora',
  last_name: 'Quill',
  email: 'nora@example.org',
  password: 'Marmalade9? kite',
}

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServerWith({ setUp: false }), launch()])
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

/** What the browser logs of answers that are part of a journey. */
const refused = /the server responded with a status of (400|401|403|409|422)/

describe('the way to an account', () => {
  test('a fresh server is set up by its link, once', async () => {
    const { page, done } = await openPage(browser)
    await page.goto(`${server.url}/register`)
    await page.getByRole('heading', { name: 'This server is not set up yet' }).waitFor()
    await page.goto(server.setUpLink.replace(/^http:\/\/[^/]+/, server.url))
    await page.getByRole('heading', { name: 'Set up chatmood' }).waitFor()
    await expectAccessible(page, 'set-up')
    await page.getByLabel('First name').fill(ada.first_name)
    await page.getByLabel('Last name').fill(ada.last_name)
    await page.getByLabel('E-mail').fill(ada.email)
    await page.getByLabel('Password', { exact: true }).fill('short')
    await page.getByLabel('The password again').fill('short')
    await page.getByRole('button', { name: 'Make the administrator' }).click()
    await page.getByText('does not keep all the rules').waitFor()
    await page.getByLabel('Password', { exact: true }).fill(ada.password)
    await expect.poll(() => page.locator('li[data-kept=true]').count()).toBe(5)
    await page.getByLabel('The password again').fill(ada.password)
    await page.getByRole('button', { name: 'Make the administrator' }).click()
    await page.waitForURL('**/admin/dashboard')
    await page.goto(server.setUpLink.replace(/^http:\/\/[^/]+/, server.url))
    await page.getByRole('heading', { name: 'This set-up link is not valid' }).waitFor()
    await done()
  })

  test('registers with the code from the mail, and signs in', async () => {
    const { page, done } = await openPage(browser, {}, refused)
    await page.goto(`${server.url}/login`)
    await page.getByRole('link', { name: 'Create account' }).click()
    await page.getByLabel('First name').fill(nora.first_name)
    await page.getByLabel('Last name').fill(nora.last_name)
    await page.getByLabel('E-mail').fill(nora.email)
    await page.getByLabel('Password', { exact: true }).fill(nora.password)
    await page.getByLabel('The password again').fill(nora.password)
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByText('Please tick this to go on.').waitFor()
    await expectAccessible(page, 'registration, refused')
    await page.getByRole('checkbox').check()
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByRole('heading', { name: 'Look into your mail' }).waitFor()
    await page.getByText(/valid for (9:\d\d|10:00) more/).waitFor()
    await expectAccessible(page, 'code')
    const code = codeIn(await server.mailTo(nora.email, codeLine))
    const field = page.getByLabel('6-digit code')
    await field.fill(code === '000000' ? '000001' : '000000')
    await page.getByText('Invalid or expired OTP').waitFor()
    // Pasted with what is around it in the mail; the last digit sends it.
    await field.fill(`Your code: ${code}.`)
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
    expect(await page.getByLabel('E-mail').inputValue()).toBe(nora.email)
    await page.getByLabel('Password', { exact: true }).fill('Wrong password 1!')
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Incorrect email or password.').waitFor()
    await expectAccessible(page, 'sign-in, refused')
    await page.getByLabel('Password', { exact: true }).fill(nora.password)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Account of Nora Quill' }).waitFor()
    // The sign-in is in a cookie that no script sees; the token is there for programs.
    const cookies = await page.context().cookies()
    expect(cookies.find((c) => c.name === 'chatmood_token')?.httpOnly).toBe(true)
    expect(await page.evaluate(() => document.cookie)).not.toContain('chatmood_token')
    expect(await page.evaluate(() => localStorage.getItem('token'))).toMatch(/^ey/)
    await done()
  })

  test('pages for users lead to the sign-in and back', async () => {
    const { page, done } = await openPage(browser)
    await page.goto(`${server.url}/settings`)
    await page.getByRole('heading', { name: 'Please sign in' }).waitFor()
    await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click()
    await page.getByLabel('E-mail').fill(nora.email)
    await page.getByLabel('Password', { exact: true }).fill(nora.password)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/settings')
    await page.getByRole('heading', { name: 'Sign-ins' }).waitFor()
    await page.goto(`${server.url}/admin/users`)
    await page.getByRole('heading', { name: 'For administrators only' }).waitFor()
    await done()
  })

  test('a forgotten password is set anew by the link in the mail', async () => {
    const { page, done } = await openPage(browser)
    await page.goto(`${server.url}/forgot-password`)
    await page.getByLabel('E-mail').fill(nora.email)
    await page.getByRole('button', { name: 'Send the link' }).click()
    await page.getByText(`If ${nora.email} has an account here`).waitFor()
    const path = /\/reset-password\/[0-9a-f]{24}\/[\w-]+/
    const link = path.exec(await server.mailTo(nora.email, path))?.[0]
    await page.goto(server.url + (link ?? ''))
    await page.getByRole('heading', { name: 'Set a new password' }).waitFor()
    nora.password = 'Lighthouse5% soup'
    await page.getByLabel('New password').fill(nora.password)
    await page.getByLabel('The password again').fill(nora.password)
    await page.getByRole('button', { name: 'Set password' }).click()
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
    await signInOn(page, server, nora)
    await done()
  })
})

test('settings: names, preferences, password, other devices, keyboard only where it matters', async () => {
  const { page, done } = await openPage(browser, {}, refused)
  await signInOn(page, server, nora)
  const other = await openPage(browser)
  await signInOn(other.page, server, nora)

  await page.goto(`${server.url}/settings`)
  await page.getByLabel('First name').fill('Eleonora')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('Names saved.').waitFor()
  await page.getByRole('button', { name: 'Account of Eleonora Quill' }).waitFor()

  const saving = page.getByRole('switch', { name: 'Save analyses by themselves' })
  const before = await saving.getAttribute('aria-checked')
  await saving.focus()
  await page.keyboard.press('Space')
  await expect.poll(() => saving.getAttribute('aria-checked')).not.toBe(before)
  await expectAccessible(page, 'settings')

  await page.getByRole('button', { name: 'Sign out everywhere else' }).click()
  await page.getByText('All other devices are signed out.').waitFor()
  // The other window learns it within seconds, by itself.
  await other.page.getByText('You are signed out').waitFor({ timeout: 10_000 })
  await other.page.getByRole('link', { name: 'Sign in' }).waitFor()
  await other.page.context().close()

  await page.getByLabel('Present password').fill('Not this one 1!')
  const next = 'Telescope3& plum'
  await page.getByLabel('New password').fill(next)
  await page.getByLabel('The password again').fill(next)
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('Incorrect old password').waitFor()
  await page.getByLabel('Present password').fill(nora.password)
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('Password changed.').waitFor()
  nora.password = next

  await page.getByRole('button', { name: 'Account of Eleonora Quill' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByText('Signed out.', { exact: true }).waitFor()
  await page.getByRole('link', { name: 'Sign in' }).waitFor()
  await done()
})

test('the address is changed in three steps, each mailbox proved', async () => {
  const { page, done } = await openPage(browser)
  await signInOn(page, server, nora)
  await page.goto(`${server.url}/settings`)
  await page.getByRole('button', { name: 'Change address' }).click()
  await page.getByLabel('New e-mail address').fill('nora.quill@example.org')
  await page.locator('#email').getByLabel('Present password').fill(nora.password)
  await page.getByRole('button', { name: 'Send code' }).click()
  await page.getByText('Step 2 of 3').waitFor()
  await expectAccessible(page, 'change of address')
  await page.getByLabel('6-digit code').fill(codeIn(await server.mailTo(nora.email, codeLine, 2)))
  await page.getByText('Step 3 of 3').waitFor()
  await page.getByLabel('6-digit code').fill(codeIn(await server.mailTo('nora.quill@example.org', codeLine)))
  await page.getByText('Your e-mail address was changed.').waitFor()
  await page.getByText('Mail goes to nora.quill@example.org.').waitFor()
  nora.email = 'nora.quill@example.org'
  await done()
})
