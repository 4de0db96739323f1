import type { Page } from 'playwright-core'
import { ada, type Person, type TestServer } from './server'

/** Signs in through the page, as people do. */
export async function signInOn(page: Page, server: TestServer, person: Person = ada): Promise<void> {
  await page.goto(`${server.url}/login`)
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password', { exact: true }).fill(person.password)
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: /Account of/ }).waitFor()
}

/** Signs in without the form: the cookies come from the API, as the page would get them. */
export async function signedIn(page: Page, server: TestServer, person: Person = ada): Promise<void> {
  const token = await server.signIn(person)
  const { hostname } = new URL(server.url)
  await page
    .context()
    .addCookies([
      { name: 'chatmood_token', value: token, domain: hostname, path: '/', httpOnly: true, sameSite: 'Lax' },
    ])
  await page.addInitScript((value) => {
    localStorage.setItem('chatmood:signed-in', '1')
    localStorage.setItem('token', value)
  }, token)
}

/** A code on a line of its own, as mails have it. */
export const codeLine = /^\s{4}(\d{6})\s*$/m

/** The six digits in a mail. */
export function codeIn(mail: string): string {
  const code = codeLine.exec(mail)?.[1]
  if (code === undefined) throw new Error(`no code in the mail:\n${mail}`)
  return code
}
