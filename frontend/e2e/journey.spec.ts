import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { count, expectAccessible, launch, openPage } from './browser'
import { expectEveryForm, keep, unzip } from './exports'
import { codeIn, codeLine } from './people'
import { startServer, type Person, type TestServer } from './server'

let server: TestServer
let browser: Browser

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer('--rate', '20'), launch()])
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

const mila: Person = {
  first_name: 'Mila',
  last_name: 'Reed',
  email: 'mila@example.org',
  password: 'Rooftop4% garden',
}

test('somebody new registers, watches two channels, saves, compares, takes reports along, and leaves for good', async () => {
  const { page, done } = await openPage(browser, { acceptDownloads: true }, /status of 401/)

  // In, by the code in the mail.
  await page.goto(`${server.url}/register`)
  await page.getByLabel('First name').fill(mila.first_name)
  await page.getByLabel('Last name').fill(mila.last_name)
  await page.getByLabel('E-mail').fill(mila.email)
  await page.getByLabel('Password', { exact: true }).fill(mila.password)
  await page.getByLabel('The password again').fill(mila.password)
  await page.getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByLabel('6-digit code').fill(codeIn(await server.mailTo(mila.email, codeLine)))
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
  await page.getByLabel('Password', { exact: true }).fill(mila.password)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Account of Mila Reed' }).waitFor()

  // Two channels, each analysed from the first page and saved.
  for (const room of ['river_camp', 'hill_camp']) {
    await page.getByRole('link', { name: 'Home' }).click()
    await page.getByRole('textbox', { name: 'Twitch channel or link' }).fill(`https://www.twitch.tv/${room}`)
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/analyze/${room}`)
    await page.waitForSelector('[data-testid=status][data-link=open]')
    await server.messages(room, 60)
    await page.getByRole('button', { name: 'Save to history' }).click()
    await page.getByRole('link', { name: 'Open saved report' }).waitFor()
  }

  await page.getByRole('link', { name: 'History', exact: true }).first().click()
  for (const room of ['river_camp', 'hill_camp'])
    await page.getByRole('checkbox', { name: `Choose ${room}` }).check()
  await page.getByRole('button', { name: 'Compare' }).click()
  await page.getByRole('heading', { name: 'Compared' }).waitFor()
  const compared = page.getByRole('table').first()
  for (const room of ['river_camp', 'hill_camp']) await compared.getByText(room).first().waitFor()

  await page.getByRole('link', { name: 'History', exact: true }).first().click()
  await page.getByRole('link', { name: 'river_camp' }).click()
  await page.getByTestId('total').waitFor()
  const total = await count(page, 'total')
  expect(total).toBeGreaterThanOrEqual(60)
  await expectEveryForm(browser, page, {
    channel: 'river_camp',
    total,
    positive: await count(page, 'count-positive'),
    neutral: await count(page, 'count-neutral'),
    negative: await count(page, 'count-negative'),
  })

  // Everything that the server keeps of her, and nothing that it keeps for itself.
  await page.goto(`${server.url}/settings`)
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export everything' }).click(),
  ])
  const { name, bytes } = await keep(file)
  expect(name).toMatch(/\.zip$/)
  const files = unzip(bytes)
  for (const [path, text] of files) if (path.endsWith('.json')) JSON.parse(text)
  const all = [...files].map(([path, text]) => `${path}\n${text}`).join('\n')
  for (const hers of [mila.email, 'river_camp', 'hill_camp', 'Logged in']) expect(all).toContain(hers)
  expect(all).not.toMatch(/\$2[aby]\$|ada@example\.org/)

  // Gone, only with the password and a tick.
  await page.getByRole('button', { name: 'Delete account' }).click()
  const dialog = page.getByRole('dialog')
  const remove = dialog.getByRole('button', { name: 'Delete account' })
  await dialog.getByLabel('Password', { exact: true }).fill('Wrong password 1!')
  expect(await remove.isDisabled()).toBe(true)
  await dialog.getByRole('checkbox').check()
  await expectAccessible(page, 'deleting an account')
  await remove.click()
  await dialog.getByRole('alert').waitFor()
  await dialog.getByLabel('Password', { exact: true }).fill(mila.password)
  await remove.click()
  await page.getByRole('link', { name: 'Sign in' }).first().waitFor()
  await page.goto(`${server.url}/login`)
  await page.getByLabel('E-mail').fill(mila.email)
  await page.getByLabel('Password', { exact: true }).fill(mila.password)
  await page.keyboard.press('Enter')
  await page.getByText('Incorrect email or password.').waitFor()
  await done()
})
