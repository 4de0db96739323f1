import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { inflateRawSync } from 'node:zlib'
import type { Browser, Download, Page } from 'playwright-core'
import { expect } from 'vitest'
import { expectAccessible, openPage } from './browser'

/** What a file of a report must tell. */
export interface Told {
  channel: string
  total: number
  positive: number
  neutral: number
  negative: number
}

/** Takes one of the forms that a report's menu offers. */
export async function take(page: Page, form: string): Promise<{ name: string; path: string; bytes: Buffer }> {
  await page.getByRole('button', { name: 'Export' }).click()
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: new RegExp(`^${form}`) }).click(),
  ])
  const kept = await keep(file)
  // The menu is at hand again.
  await page.getByRole('button', { name: 'Export' }).waitFor()
  return kept
}

/** A file as it lies on the disk, under the name that was proposed for it. */
export async function keep(file: Download): Promise<{ name: string; path: string; bytes: Buffer }> {
  const path = await file.path()
  return { name: file.suggestedFilename(), path, bytes: readFileSync(path) }
}

/** Opens every form of a report, each as its readers do, and compares what it tells. */
export async function expectEveryForm(browser: Browser, page: Page, told: Told): Promise<void> {
  const pdf = await take(page, 'PDF')
  expect(pdf.name).toMatch(/\.pdf$/)
  // Pages as another program reads them: spaces between digits are typography.
  const text = execFileSync('pdftotext', ['-layout', pdf.path, '-'], { encoding: 'utf8' })
  expect(text).toContain(told.channel)
  expect(digitsIn(text)).toContain(String(told.total))

  const web = await take(page, 'Web page')
  expect(web.name).toMatch(/\.html$/)
  const reader = await openPage(browser, { javaScriptEnabled: false })
  await reader.page.goto(asPage(web))
  await reader.page.getByRole('heading', { level: 1 }).waitFor()
  const shown = await reader.page.locator('body').innerText()
  expect(shown).toContain(told.channel)
  expect(digitsIn(shown)).toContain(String(told.total))
  await reader.done()
  const checked = await openPage(browser, { bypassCSP: true })
  await checked.page.goto(asPage(web))
  await expectAccessible(checked.page, 'report as a web page')
  await checked.done()

  const table = await take(page, 'CSV')
  expect(table.name).toMatch(/\.csv$/)
  const [head = [], ...rows] = parseCSV(table.bytes.toString('utf8'))
  const sum = (column: string) => {
    const i = head.indexOf(column)
    expect(i, column).toBeGreaterThanOrEqual(0)
    return rows.reduce((n, row) => n + Number(row[i]), 0)
  }
  expect(new Set(rows.map((row) => row[head.indexOf('channel')]))).toEqual(new Set([told.channel]))
  for (const column of ['total', 'positive', 'neutral', 'negative'] as const)
    expect(sum(column), column).toBe(told[column])

  const data = await take(page, 'JSON')
  expect(data.name).toMatch(/\.json$/)
  expect(JSON.parse(data.bytes.toString('utf8'))).toMatchObject({
    schema: 'chatmood.report',
    analysis: {
      channel: told.channel,
      counts: {
        total: told.total,
        positive: told.positive,
        neutral: told.neutral,
        negative: told.negative,
      },
    },
  })

  for (const [form, ending] of [
    ['Markdown', /\.md$/],
    ['Plain text', /\.txt$/],
  ] as const) {
    const file = await take(page, form)
    expect(file.name).toMatch(ending)
    const words = file.bytes.toString('utf8').replaceAll('&#95;', '_')
    expect(words.includes(told.channel), form).toBe(true)
    expect(digitsIn(words)).toContain(String(told.total))
  }
}

/** Downloads lie without an ending, by which a browser tells what a file is. */
function asPage({ path, bytes }: { path: string; bytes: Buffer }): string {
  writeFileSync(`${path}.html`, bytes)
  return pathToFileURL(`${path}.html`).href
}

/** The numbers of a text without the marks between their digits. */
const digitsIn = (text: string): string[] =>
  (text.match(/\d(?:[\d,.\u202f\u00a0]*\d)?/g) ?? []).map((n) => n.replaceAll(/\D/g, ''))

/** Rows of RFC 4180. */
export function parseCSV(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let cell = ''
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i)
    if (quoted) {
      if (c !== '"') cell += c
      else if (text.charAt(i + 1) === '"') cell += text.charAt(i++)
      else quoted = false
    } else if (c === '"' && cell === '') quoted = true
    else if (c === ',') {
      row.push(cell)
      cell = ''
    } else if (c === '\n') {
      rows.push([...row, cell])
      row = []
      cell = ''
    } else if (c !== '\r') cell += c
  }
  if (quoted) throw new Error('a quoted cell does not end')
  if (cell !== '' || row.length > 0) rows.push([...row, cell])
  return rows
}

/** The files of a ZIP archive, by its list at the end. */
export function unzip(archive: Buffer): Map<string, string> {
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  if (end < 0) throw new Error('this is no ZIP archive')
  const files = new Map<string, string>()
  let at = archive.readUInt32LE(end + 16)
  for (let n = archive.readUInt16LE(end + 10); n > 0; n--) {
    const [method, size] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)]
    const [name, extra, comment] = [28, 30, 32].map((o) => archive.readUInt16LE(at + o)) as [
      number,
      number,
      number,
    ]
    const local = archive.readUInt32LE(at + 42)
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28)
    const packed = archive.subarray(start, start + size)
    const bytes = method === 0 ? packed : inflateRawSync(packed)
    files.set(archive.toString('utf8', at + 46, at + 46 + name), bytes.toString('utf8'))
    at += 46 + name + extra + comment
  }
  return files
}
