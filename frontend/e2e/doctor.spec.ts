import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAccessible, launch, openPage } from './browser'
import { signedIn } from './people'
import { startServerWith } from './server'

let browser: Browser

beforeAll(async () => {
  browser = await launch()
})

afterAll(async () => {
  await browser.close()
})

/** What the overview says of the check of token lifetimes. */
async function examine(env: Record<string, string>, look: (text: string) => void) {
  const server = await startServerWith({ setUp: true, env })
  const { page, done } = await openPage(browser)
  try {
    await signedIn(page, server)
    await page.goto(`${server.url}/admin/dashboard`)
    const section = page.locator('section', { has: page.getByRole('heading', { name: 'Examination' }) })
    await section.getByRole('button', { name: 'Look again' }).waitFor()
    await expectAccessible(page, 'examination')
    look(await section.innerText())
    await section.getByLabel('Show all checks').check()
    await section.getByText('SECRET_KEY', { exact: true }).waitFor()
    await done()
  } finally {
    await server.stop()
  }
}

test('the overview and the log tell what goes by itself', async () => {
  const server = await startServerWith({ setUp: true, env: { LOG_RETENTION_DAYS: '30' } })
  const { page, done } = await openPage(browser)
  try {
    await signedIn(page, server)
    await page.goto(`${server.url}/admin/dashboard`)
    const section = page.locator('section', {
      has: page.getByRole('heading', { name: 'Removed automatically' }),
    })
    await section.getByText('Kept for 30 days. LOG_RETENTION_DAYS=30').waitFor()
    await section.getByText('Nothing is older now.').waitFor()
    await section.getByText('Kept until somebody removes it.').waitFor()
    await expectAccessible(page, 'what goes by itself')
    await page.goto(`${server.url}/admin/logs`)
    await page.getByText('Kept for 30 days. LOG_RETENTION_DAYS=30').waitFor()
    await done()
  } finally {
    await server.stop()
  }
})

test('the overview names what is not well and its cure, and no more once it is cured', async () => {
  await examine({ ACCESS_TOKEN_MINUTES: '180' }, (text) => {
    expect(text).toContain('token lifetime')
    expect(text).toContain('access tokens are good for 180 minutes')
    expect(text).toContain('A stolen token is good until it expires.')
    expect(text).toContain('ACCESS_TOKEN_MINUTES=30')
  })
  await examine({ ACCESS_TOKEN_MINUTES: '30' }, (text) => {
    expect(text).not.toContain('token lifetime')
  })
})
