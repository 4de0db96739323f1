import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { count, expectAccessible, launch, openPage } from './browser'
import { expectEveryForm } from './exports'
import { signedIn } from './people'
import { startServer, type TestServer } from './server'

let server: TestServer
let browser: Browser

const rooms = ['first_room', 'second_room'] as const

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer('--rate', '20'), launch()])
  await Promise.all(
    rooms.map(async (room) => {
      await server.start(room)
      await server.messages(room, 60)
    }),
  )
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

const toHistory = async (page: Page) => {
  await page.getByRole('link', { name: 'History', exact: true }).first().click()
  await page.getByRole('heading', { name: 'History', exact: true }).waitFor()
}

test('an analysis is saved, found, named, exported in every form, shared and taken back, archived and restored', async () => {
  const { page, done } = await openPage(browser, { acceptDownloads: true })
  await signedIn(page, server)

  // Saved from the live page, twice: of two channels.
  for (const room of rooms) {
    await page.goto(`${server.url}/analyze/${room}`)
    await page.waitForSelector('[data-testid=status][data-link=open]')
    await page.getByRole('button', { name: 'Save to history' }).click()
    await page.getByRole('link', { name: 'Open saved report' }).waitFor()
  }
  await toHistory(page)
  await expect.poll(() => page.getByTestId('rows').innerText()).toBe('1–2 of 2')

  // Found on the server, and the address keeps what was asked.
  await page.getByRole('searchbox').fill('SECOND')
  await expect.poll(() => page.getByTestId('rows').innerText()).toBe('1–1 of 1')
  await expect.poll(() => new URL(page.url()).searchParams.get('search')).toBe('SECOND')
  await page.reload()
  await page.getByRole('link', { name: 'second_room' }).waitFor()
  expect(await page.getByTestId('rows').innerText()).toBe('1–1 of 1')
  await page.getByRole('searchbox').fill('nothing has this')
  await page.getByRole('heading', { name: 'Nothing matches' }).waitFor()
  await page.getByRole('main').getByRole('button', { name: 'Clear filters' }).last().click()
  await page.getByRole('button', { name: 'Channel', exact: true }).click()
  await expect.poll(() => page.locator('tbody tr').first().innerText()).toContain('first_room')
  await page.getByRole('button', { name: 'Channel', exact: true }).click()
  await expect.poll(() => page.locator('tbody tr').first().innerText()).toContain('second_room')
  await expectAccessible(page, 'history')

  // Two beside each other.
  for (const room of rooms) await page.getByRole('checkbox', { name: `Choose ${room}` }).check()
  await page.getByRole('button', { name: 'Compare' }).click()
  await page.getByRole('heading', { name: 'Compared' }).waitFor()
  await page.getByRole('img', { name: /Mood over time: / }).waitFor()
  await expectAccessible(page, 'comparison')

  // The report: name, tags, note.
  await page.getByRole('link', { name: 'History', exact: true }).first().click()
  await page.getByRole('link', { name: 'first_room' }).click()
  await page.getByTestId('total').waitFor()
  await page.getByLabel('Name', { exact: true }).fill('Finals')
  await page.getByLabel('Tags').fill('cup, finals , cup')
  await page.getByLabel('Note').fill('Clip the last round')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByRole('heading', { name: /^Finals/ }).waitFor()
  await expect.poll(() => page.getByLabel('Tags').inputValue()).toBe('cup, finals')
  await expectAccessible(page, 'report')

  // Every form, opened.
  await expectEveryForm(browser, page, {
    channel: 'first_room',
    total: await count(page, 'total'),
    positive: await count(page, 'count-positive'),
    neutral: await count(page, 'count-neutral'),
    negative: await count(page, 'count-negative'),
  })

  // Shared with somebody without an account, and taken back.
  await page.getByRole('button', { name: 'Share' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('No link leads here.').waitFor()
  await dialog.getByRole('button', { name: 'Make a link' }).click()
  const link = await dialog.getByRole('textbox', { name: /The new link/ }).inputValue()
  await expectAccessible(page, 'share dialog')
  const path = new URL(link).pathname
  expect(path).toMatch(/^\/shared\/[\w-]{20,}/)
  const guest = await openPage(browser, {}, /status of 404/)
  await guest.page.goto(server.url + path)
  await guest.page.getByRole('heading', { name: /^Finals/ }).waitFor()
  await guest.page.getByTestId('total').waitFor()
  expect(await guest.page.getByText('Clip the last round').count()).toBe(0)
  await expectAccessible(guest.page, 'shared report')
  await dialog.getByText(/^runs out/).waitFor()
  await dialog.getByRole('button', { name: 'Take back' }).click()
  await dialog.getByText('No link leads here.').waitFor()
  await guest.page.reload()
  await guest.page.getByRole('heading', { name: 'This link does not work' }).waitFor()
  await guest.done()
  await page.keyboard.press('Escape')

  // Archived, restored, deleted for good.
  await page.getByRole('button', { name: 'Move to archive' }).click()
  await page.waitForURL('**/history')
  await expect.poll(() => page.getByTestId('rows').innerText()).toBe('1–1 of 1')
  await page.getByRole('link', { name: 'Archive' }).click()
  await page.getByRole('heading', { name: 'Archive' }).waitFor()
  await page.getByRole('button', { name: 'Actions for Finals' }).click()
  await page.getByRole('menuitem', { name: 'Restore' }).click()
  await page.getByRole('heading', { name: 'The archive is empty' }).waitFor()
  await toHistory(page)
  await page.getByRole('button', { name: 'Actions for second_room' }).click()
  await page.getByRole('menuitem', { name: 'Move to archive' }).click()
  await expect.poll(() => page.getByTestId('rows').innerText()).toBe('1–1 of 1')
  await page.getByRole('link', { name: 'Archive' }).click()
  await page.getByRole('button', { name: 'Actions for second_room' }).click()
  await page.getByRole('menuitem', { name: 'Delete for good' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click()
  await page.getByRole('heading', { name: 'The archive is empty' }).waitFor()
  await done()
})

test('a chat log is uploaded, judged and saved', async () => {
  const { page, done } = await openPage(browser, {}, /status of 4\d\d/)
  await signedIn(page, server)
  await page.goto(`${server.url}/upload`)
  await page.getByRole('heading', { name: 'Analyse past chat' }).waitFor()
  await expectAccessible(page, 'upload')
  await page
    .getByLabel('Choose a file')
    .setInputFiles({ name: 'noise.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(4000, 7) })
  await page.getByRole('button', { name: 'Analyse' }).click()
  await page.getByRole('alert').locator('p').waitFor()

  const lines = Array.from({ length: 300 }, (_, i) => {
    const second = String(i % 60).padStart(2, '0')
    const minute = String(Math.floor(i / 60)).padStart(2, '0')
    return `[20:${minute}:${second}] viewer_${i % 17}: ${i % 3 === 0 ? 'this is great, love it' : 'what a boring round'}`
  })
  const log = `# Start logging at 2026-01-31 20:00:00 UTC\n${lines.join('\n')}\n`
  await page.getByLabel('Choose a file').setInputFiles({
    name: 'quiet_corner-2026-01-31.log.gz',
    mimeType: 'application/gzip',
    buffer: gzipSync(log),
  })
  await page.getByLabel('Channel, where').fill('quiet_corner')
  await page.getByRole('button', { name: 'Analyse' }).click()
  await page.getByRole('heading', { name: 'Analysed and saved' }).waitFor()
  await page.getByText('300 messages were counted.').waitFor()
  await page.getByRole('link', { name: 'Open the report' }).click()
  await page.getByRole('heading', { name: 'quiet_corner' }).waitFor()
  await page.getByText('From an uploaded log').waitFor()
  expect(await page.getByTestId('total').innerText()).toBe('300')
  await done()
})
