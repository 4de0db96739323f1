import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { expect } from 'vitest'

/** Debian's Chromium unless CHROMIUM names another. */
export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })

export const desktop = { width: 1440, height: 900 }
export const phone = { width: 360, height: 760 }

/** A page whose faults end the test. */
export interface Watched {
  page: Page
  /** Closes the page; fails when it logged an error, crashed, or asked another site for anything. */
  done: () => Promise<void>
}

/** Opens a fresh page. Console errors that `allowed` matches are what the test provokes. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
  allowed?: RegExp,
): Promise<Watched> {
  const context = await browser.newContext({ viewport: desktop, reducedMotion: 'reduce', ...options })
  await context.addInitScript(() => {
    sessionStorage.setItem('chatmood:test', '1')
  })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    if (allowed?.test(message.text()) !== true) faults.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`))
  page.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url())
    if (/^(http|ws)s?:$/.test(protocol) && hostname !== '127.0.0.1')
      faults.push(`foreign request: ${request.url()}`)
  })
  page.on('requestfailed', (request) => {
    // Chromium gives up by itself what a page asked that was left.
    const text = `failed: ${request.url()} ${request.failure()?.errorText ?? ''}`
    if (!text.endsWith('net::ERR_ABORTED') && allowed?.test(text) !== true) faults.push(text)
  })
  return {
    page,
    done: async () => {
      await context.close()
      expect(faults).toEqual([])
    },
  }
}

/** The program of axe, for a page. */
export const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Fails when axe finds anything wrong with the page as it is now. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(axeSource)
  const { violations } = await page.evaluate<AxeResults>('axe.run(document, { resultTypes: ["violations"] })')
  const found = violations.map((v) => ({
    rule: v.id,
    help: v.help,
    nodes: v.nodes.slice(0, 5).map((n) => `${n.target.join(' ')}: ${n.failureSummary ?? ''}`),
  }))
  expect(found, `${what}: accessibility`).toEqual([])
}

/** Fails when the page is wider than the window. */
export async function expectNoSidewaysScroll(page: Page, what: string): Promise<void> {
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(excess, `${what}: wider than the window by`).toBeLessThanOrEqual(0)
}

/** The number in an element that shows a count. */
export async function count(page: Page, testId: string): Promise<number> {
  const text = await page.getByTestId(testId).innerText()
  return Number(text.replaceAll(/[^\d]/g, ''))
}
