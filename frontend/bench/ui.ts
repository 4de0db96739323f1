import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cpus, loadavg } from 'node:os'
import { dirname, join } from 'node:path'
import type { AxeResults } from 'axe-core'
import type { Browser, CDPSession } from 'playwright-core'
import { afterAll, beforeAll, test } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { axeSource, desktop, launch } from '../e2e/browser'
import { startServer, type TestServer } from '../e2e/server'
import type {} from '../src/lib/debug'
import { maxHeld } from '../src/live/store'
import { snapshot, wireMessage } from '../src/live/testing'

// What the page costs, measured in Chromium: `make bench-ui`. Nothing here fails for being slow:
// a bound that is missed says so in its row.

interface Row {
  what: string
  measured: string
  /** The figure behind `measured`, in `unit`. */
  value: number
  unit: string
  bound?: string
  within?: boolean
}

const report = {
  at: new Date().toISOString(),
  processors: cpus().length,
  processor: cpus()[0]?.model ?? '',
  load_before: loadavg()[0] ?? 0,
  load_after: 0,
  browser: '',
  rows: [] as Row[],
  /** Compressed bytes of the first load, by file. */
  files: [] as { file: string; bytes: number; on: string }[],
  checks: [] as { check: string; passed: boolean; seen: string }[],
}

/** Rounds of a cold load; the median counts. */
const rounds = Number(process.env.ROUNDS ?? 5)
/** Seconds that frames are counted for, at each rate. */
const seconds = Number(process.env.SECONDS ?? 10)
const kb = (bytes: number) => `${(bytes / 1000).toFixed(1)} KB`
const median = (list: readonly number[]) =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN

function add(
  what: string,
  value: number,
  unit: string,
  digits = 0,
  bound?: { text: string; kept: boolean },
): void {
  const row: Row = {
    what,
    value,
    unit,
    measured: unit === 'KB' ? kb(value) : `${value.toFixed(digits)} ${unit}`.trim(),
  }
  report.rows.push(bound === undefined ? row : { ...row, bound: bound.text, within: bound.kept })
}

let server: TestServer
let browser: Browser
let channel: string

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer('--rate', '8'), launch()])
  report.browser = browser.version()
  channel = await server.demoChannel()
  await server.start(channel)
  await server.messages(channel, 50)
})

afterAll(async () => {
  await browser.close()
  await server.stop()
  report.load_after = loadavg()[0] ?? 0
  const out = process.env.BENCH_OUT ?? 'test-results/ui'
  mkdirSync(dirname(out), { recursive: true })
  writeFileSync(`${out}.json`, `${JSON.stringify(report, undefined, 2)}\n`)
  writeFileSync(`${out}.md`, table())
})

const fresh = async () => {
  const context = await browser.newContext({ viewport: desktop })
  await context.addInitScript(() => {
    sessionStorage.setItem('chatmood:test', '1')
  })
  return context.newPage()
}

/** Loads a page with an empty cache; returns the static files that came, with their compressed sizes. */
async function firstLoad(path: string, there: string): Promise<Map<string, number>> {
  const page = await fresh()
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  const names = new Map<string, { name: string; headers: number }>()
  const files = new Map<string, number>()
  session.on('Network.responseReceived', ({ requestId, response }) => {
    const { pathname } = new URL(response.url)
    if (!/^\/(api|ws|health)\b/.test(pathname))
      names.set(requestId, { name: pathname, headers: response.encodedDataLength })
  })
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const file = names.get(requestId)
    if (file !== undefined) files.set(file.name, encodedDataLength - file.headers)
  })
  await page.goto(server.url + path)
  await page.waitForSelector(there)
  await page.waitForLoadState('networkidle').catch(() => undefined)
  await page.context().close()
  return files
}

test('first load, compressed', async () => {
  const home = await firstLoad('/', 'input')
  const live = await firstLoad(`/analyze/${channel}`, '[data-testid=status][data-link=open]')
  const sum = (files: Iterable<number>) => [...files].reduce((a, b) => a + b, 0)
  // Letters beyond Western Europe's bring a font of their own, where chat has them.
  const letters = [...live.keys()].filter((name) => name.includes('latin-ext'))
  const foreign = sum(letters.map((name) => live.get(name) ?? 0))
  for (const name of letters) live.delete(name)
  const own = [...live].filter(([name]) => !home.has(name) && name !== `/analyze/${channel}`)
  const ownBytes = sum(own.map(([, bytes]) => bytes))
  const all = sum(live.values())
  add('first load of the live page, compressed', all, 'KB', 1, { text: '300 KB', kept: all < 300_000 })
  add('of which the live page’s own', ownBytes, 'KB', 1, { text: '180 KB', kept: ownBytes <= 180_000 })
  add('first load of the home page, compressed', sum(home.values()), 'KB', 1, {
    text: '300 KB',
    kept: sum(home.values()) < 300_000,
  })
  add('on top, where chat has letters such as ğ or ł: their font', foreign, 'KB', 1)
  add('files of the live page’s first load', live.size, 'files')
  for (const [name, bytes] of [...live].sort((a, b) => b[1] - a[1]))
    report.files.push({
      file: name === `/analyze/${channel}` ? '(the page)' : name,
      bytes,
      on: home.has(name) ? 'all pages' : 'live',
    })
})

/** When a page could be used after a cold load: what `there` selects stands, and no task over 50 ms was running. */
async function interactive(path: string, there: string): Promise<{ painted: number; usable: number }> {
  const page = await fresh()
  await page.addInitScript((selector) => {
    const told = { usable: 0, longEnd: 0 }
    Object.assign(window, { told })
    new PerformanceObserver((list) => {
      for (const e of list.getEntries()) told.longEnd = e.startTime + e.duration
    }).observe({ type: 'longtask', buffered: true })
    const look = () => {
      if (document.querySelector(selector) !== null) told.usable = performance.now()
      else requestAnimationFrame(look)
    }
    look()
  }, there)
  await page.goto(server.url + path)
  await page.waitForFunction(() => (window as unknown as { told: { usable: number } }).told.usable > 0)
  // A second without a long task: what came after it was no part of the load.
  await page.waitForFunction(() => {
    const { told } = window as unknown as { told: { usable: number; longEnd: number } }
    return performance.now() - Math.max(told.usable, told.longEnd) > 1000
  })
  const result = await page.evaluate(() => {
    const { told } = window as unknown as { told: { usable: number; longEnd: number } }
    const painted = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN
    return { painted, usable: Math.max(told.usable, Math.min(told.longEnd, told.usable + 500)) }
  })
  await page.context().close()
  return result
}

test('time to interactive', async () => {
  for (const [name, path, there] of [
    ['home', '/', 'form input'],
    ['live', `/analyze/${channel}`, '[data-testid=chat] article'],
  ] as const) {
    const got: { painted: number; usable: number }[] = []
    for (let i = 0; i < rounds; i++) got.push(await interactive(path, there))
    add(`${name} page, cold: first paint of content`, median(got.map((g) => g.painted)), 'ms')
    const usable = median(got.map((g) => g.usable))
    const what = name === 'live' ? 'interactive, with chat' : 'interactive'
    add(`${name} page, cold: ${what}`, usable, 'ms', 0, { text: '1,000 ms', kept: usable <= 1000 })
  }
})

async function metrics(session: CDPSession): Promise<Record<string, number>> {
  const { metrics: list } = await session.send('Performance.getMetrics')
  return Object.fromEntries(list.map((m) => [m.name, m.value]))
}

/** The server with a WebSocket of our own: it tells the page six hours of chat as fast as the page takes them. */
async function startTeller(target: TestServer, tell: (socket: WebSocket) => void) {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'chatmood.v1' })
  const site = createServer((near, answer) => {
    const far = request(
      { host: '127.0.0.1', port: target.port, method: near.method, path: near.url, headers: near.headers },
      (got) => {
        answer.writeHead(got.statusCode ?? 502, got.headers)
        got.pipe(answer)
      },
    )
    far.on('error', () => answer.destroy())
    near.pipe(far)
  })
  site.on('upgrade', (near, socket, head) => {
    sockets.handleUpgrade(near, socket, head, tell)
  })
  await new Promise<void>((ok) => site.listen(0, '127.0.0.1', ok))
  return {
    url: `http://127.0.0.1:${(site.address() as AddressInfo).port}`,
    stop: async () => {
      for (const s of sockets.clients) s.terminate()
      site.closeAllConnections()
      await new Promise((done) => site.close(done))
    },
  }
}

/** What chat looks like to the page: lines of all lengths, labels, badges and emotes. */
function line(n: number, now: number) {
  const l = n % 3 === 0 ? 'p' : n % 7 === 0 ? 'n' : 'u'
  return wireMessage(n, {
    t: now,
    u: `chatter_${n % 5003}`,
    x: n % 11 === 0 ? 'Kappa Kappa Kappa' : `message ${n}: ${'la '.repeat(n % 20)}`,
    l,
    s: l === 'p' ? 0.6 : l === 'n' ? -0.6 : 0,
    ...(n % 4 === 0 ? { f: 's' } : n % 50 === 0 ? { f: '1' } : {}),
  })
}

function greeting(start: number) {
  const at = new Date(start).toISOString()
  return {
    type: 'hello',
    channel,
    epoch: 1,
    seq: 0,
    resumed: false,
    server_time: start,
    snapshot: { ...snapshot({ channel, started_at: at }) },
    timeline: { from: at, to: at, step_seconds: 1, buckets: [], gaps: [], marks: [], moments: [] },
    recent: [],
  }
}

/** Milliseconds between batches, as the server sends them. */
const batchEvery = 50

/** Tells the page exactly so many messages a second, until what it returns is called. */
function tellAt(rate: number, socket: WebSocket): () => number {
  const start = Date.now()
  const hello = greeting(start)
  socket.send(JSON.stringify(hello))
  let [seq, second] = [0, 0]
  let bucket = { t: Math.floor(start / 1000), pos: 0, neu: 0, neg: 0, sum: 0, w: 0, wsum: 0 }
  const counts = { ...hello.snapshot.counts }
  const id = setInterval(() => {
    const now = Date.now()
    const due = Math.floor(((now - start) / 1000) * rate) - seq
    if (due <= 0) return
    const m = Array.from({ length: due }, (_, i) => line(seq + i, now))
    seq += due
    for (const { l, s: score } of m) {
      if (l === 'p') bucket.pos++
      else if (l === 'n') bucket.neg++
      else bucket.neu++
      bucket.w++
      bucket.sum += score
      bucket.wsum += score
    }
    socket.send(JSON.stringify({ type: 'batch', seq, n: m.length, m }))
    const t = Math.floor(now / 1000)
    if (t === second) return
    second = t
    counts.total = seq
    counts.positive += bucket.pos
    counts.negative += bucket.neg
    counts.neutral = seq - counts.positive - counts.negative
    socket.send(
      JSON.stringify({
        type: 'stats',
        seq,
        counts,
        mood: { ...hello.snapshot.mood, now: Math.sin(t / 60) / 2, all: 0.1 },
        rate: { now: rate * 60, m1: rate * 60, m5: rate * 60, peak: rate * 60 },
        chatters: { distinct: Math.min(seq, 5003), exact: true, active: 900 },
        buckets: [bucket],
      }),
    )
    bucket = { t, pos: 0, neu: 0, neg: 0, sum: 0, w: 0, wsum: 0 }
  }, batchEvery)
  return () => {
    clearInterval(id)
    return seq
  }
}

/** Set to a folder: a processor profile and a trace of each rate are written there. */
const traces = process.env.TRACES ?? ''

test.each([100, 1000])('frames at %i messages/s', async (rate) => {
  let stopTelling: (() => number) | undefined
  const teller = await startTeller(server, (socket) => {
    stopTelling = tellAt(rate, socket)
  })
  // The channels of the demo would only take the machine's time.
  await server.only(channel)
  const page = await fresh()
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  await page.goto(`${teller.url}/analyze/${channel}`)
  await page.waitForSelector('[data-testid=chat] article')
  await page.waitForTimeout(4000) // what loading began is done, and all rows are held
  const held = () => page.evaluate(() => Number(window.__chatmood?.since()?.split('.')[1] ?? Number.NaN))
  if (traces !== '') {
    await session.send('Profiler.enable')
    await session.send('Profiler.setSamplingInterval', { interval: 200 })
    await session.send('Profiler.start')
  }
  const counted = await held()
  const before = await metrics(session)
  const frames = await page.evaluate(
    (span) =>
      new Promise<number[]>((done) => {
        const gaps: number[] = []
        let last = 0
        const first = performance.now()
        const tick = (now: number) => {
          if (last > 0) gaps.push(now - last)
          last = now
          if (performance.now() - first < span) requestAnimationFrame(tick)
          else done(gaps)
        }
        requestAnimationFrame(tick)
      }),
    seconds * 1000,
  )
  const after = await metrics(session)
  const messages = (await held()) - counted
  if (traces !== '') {
    const { profile } = await session.send('Profiler.stop')
    mkdirSync(traces, { recursive: true })
    writeFileSync(join(traces, `${rate}.cpuprofile`), JSON.stringify(profile))
    await browser.startTracing(page, { path: join(traces, `${rate}.trace.json`) })
    await page.waitForTimeout(3000)
    await browser.stopTracing()
  }
  stopTelling?.()
  const took = frames.reduce((a, b) => a + b, 0) / 1000
  const fps = frames.length / took
  const late = frames.filter((gap) => gap > 25).length / frames.length
  const share = (name: string) => (((after[name] ?? 0) - (before[name] ?? 0)) / took) * 100
  const at = `${rate.toLocaleString('en-US')} messages/s`
  add(`${at}: taken by the page`, messages / took, 'messages/s')
  add(
    `${at}: frames`,
    fps,
    'frames/s',
    1,
    rate === 100 ? { text: '60 frames/s', kept: fps >= 59 } : undefined,
  )
  add(`${at}: frames that came late (over 25 ms)`, late * 100, '%', 1)
  add(`${at}: longest frame`, Math.max(...frames), 'ms')
  add(`${at}: main thread at work`, share('TaskDuration'), '%', 1)
  add(`${at}: of which scripts`, share('ScriptDuration'), '%', 1)
  add(`${at}: of which style and layout`, share('LayoutDuration') + share('RecalcStyleDuration'), '%', 1)
  await page.context().close()
  await teller.stop()
})

const hours = Number(process.env.HOURS ?? 6)
/** Messages in each simulated second. */
const perSecond = 10

test('memory after six hours at speed', { timeout: 900_000 }, async () => {
  let told = Promise.resolve<WebSocket | undefined>(undefined)
  const teller = await startTeller(server, (socket) => {
    told = Promise.resolve(socket)
    socket.send(JSON.stringify(hello))
  })
  const start = Date.now()
  let [seq, positive, negative] = [0, 0, 0]
  const counts = () => ({ total: seq, positive, negative, neutral: seq - positive - negative })
  const hello = greeting(start)
  const page = await fresh()
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  await session.send('HeapProfiler.enable')
  const heap = async () => {
    await session.send('HeapProfiler.collectGarbage')
    return (await metrics(session)).JSHeapUsedSize ?? Number.NaN
  }
  await page.goto(`${teller.url}/analyze/${channel}`)
  await page.waitForSelector('[data-testid=status][data-link=open]')
  const socket = await told
  if (socket === undefined) throw new Error('the page did not connect')
  const send = (frame: object) => {
    socket.send(JSON.stringify(frame))
  }
  let held = 0
  const heaps = new Map<number, number>()
  const began = performance.now()
  for (let second = 1; second <= hours * 3600; second++) {
    const now = start + second * 1000
    const t = Math.floor(now / 1000)
    const m = Array.from({ length: perSecond }, (_, i) => {
      const n = seq + i
      const l = n % 3 === 0 ? 'p' : n % 7 === 0 ? 'n' : 'u'
      if (l === 'p') positive++
      if (l === 'n') negative++
      return wireMessage(n, {
        t: now,
        u: `chatter_${n % 5003}`,
        x: `message ${n}: ${'la '.repeat(n % 20)}`,
        l,
        s: 0.3,
      })
    })
    seq += m.length
    send({ type: 'batch', seq, n: m.length, m })
    const pos = m.filter((x) => x.l === 'p').length
    const neg = m.filter((x) => x.l === 'n').length
    send({
      type: 'stats',
      seq,
      counts: { ...hello.snapshot.counts, ...counts() },
      mood: { ...hello.snapshot.mood, now: Math.sin(second / 600) / 2, all: 0.1 },
      rate: { now: perSecond * 60, m1: perSecond * 60, m5: perSecond * 60, peak: perSecond * 60 },
      chatters: { distinct: Math.min(seq, 5003), exact: true, active: 900 },
      buckets: [
        { t, pos, neu: m.length - pos - neg, neg, sum: 0.3 * m.length, w: m.length, wsum: 0.3 * m.length },
      ],
    })
    if (second % 60 === 0) {
      send({ type: 'heartbeat', server_time: now })
      send({
        type: 'moment',
        seq,
        moment: {
          id: `mo${second}`,
          kind: 'hype',
          from: new Date(now - 9000).toISOString(),
          to: new Date(now).toISOString(),
          label: 'hype',
          peak: 900,
        },
      })
      // As fast as the page takes it, and no faster.
      await page.waitForFunction((want) => window.__chatmood?.since() === want, `1.${seq}`, { polling: 5 })
    }
    if (second === 600 || second % 3600 === 0) {
      heaps.set(second / 3600, await heap())
      held = Math.max(held, await page.evaluate(() => window.__chatmood?.held() ?? Number.NaN))
    }
  }
  const took = (performance.now() - began) / 1000
  const [first = Number.NaN, last = Number.NaN] = [heaps.get(1), heaps.get(hours)]
  add('memory of scripts after 10 minutes', heaps.get(1 / 6) ?? Number.NaN, 'KB')
  add('… after a simulated hour', first, 'KB')
  add(`… after ${hours} simulated hours, ${(seq / 1000).toFixed(0)} k messages`, last, 'KB', 1, {
    text: 'at most 5 MB over the first hour',
    kept: last - first < 5_000_000,
  })
  add('rows, buckets and events held', held, '', 0, {
    text: maxHeld.toLocaleString('en-US'),
    kept: held <= maxHeld,
  })
  add('messages taken by the page while that ran', seq / took, 'messages/s')
  await page.context().close()
  await teller.stop()
})

test('checks that need no network', async () => {
  const check = (name: string, passed: boolean, seen: string) =>
    report.checks.push({ check: name, passed, seen })
  for (const [name, path, there] of [
    ['home', '/', 'form input'],
    ['live', `/analyze/${channel}`, '[data-testid=chat] article'],
  ] as const) {
    const page = await fresh()
    const errors: string[] = []
    page.on('console', (m) => {
      if (m.type() === 'error') errors.push(m.text())
    })
    const headers = new Map<string, Record<string, string>>()
    page.on('response', (r) => headers.set(new URL(r.url()).pathname, r.headers()))
    await page.goto(server.url + path)
    await page.waitForSelector(there)
    const head = await page.evaluate(() => ({
      title: document.title,
      lang: document.documentElement.lang,
      viewport: document.querySelector<HTMLMetaElement>('meta[name=viewport]')?.content ?? '',
      description: document.querySelector<HTMLMetaElement>('meta[name=description]')?.content ?? '',
      doctype: document.doctype?.name ?? '',
      charset: document.characterSet,
      manifest: document.querySelector<HTMLLinkElement>('link[rel=manifest]')?.href ?? '',
    }))
    check(`${name}: title`, head.title.length > 3, head.title)
    check(`${name}: language`, head.lang === 'en', head.lang)
    check(
      `${name}: viewport`,
      head.viewport.includes('width=device-width') && !/user-scalable=no|maximum-scale/.test(head.viewport),
      head.viewport,
    )
    check(`${name}: description`, head.description.length >= 50, head.description)
    check(
      `${name}: doctype and charset`,
      head.doctype === 'html' && head.charset === 'UTF-8',
      `${head.doctype}, ${head.charset}`,
    )
    check(`${name}: no errors in the console`, errors.length === 0, errors.join('; ') || 'none')
    check(
      `${name}: page is asked for anew`,
      headers.get(path)?.['cache-control'] === 'no-cache',
      headers.get(path)?.['cache-control'] ?? '',
    )
    const assets = [...headers].filter(([p]) => p.startsWith('/assets/'))
    const stale = assets.filter(([, h]) => !/max-age=31536000.*immutable/.test(h['cache-control'] ?? ''))
    check(
      `${name}: scripts and styles are kept for a year`,
      assets.length > 0 && stale.length === 0,
      `${assets.length - stale.length} of ${assets.length}`,
    )
    const texts = [...headers].filter(
      ([p, h]) =>
        (p === path || /\.(js|css|svg|json)$/.test(p)) && Number(h['content-length'] ?? 9999) > 1400,
    )
    const plain = texts.filter(([, h]) => h['content-encoding'] === undefined)
    check(
      `${name}: text is compressed`,
      texts.length > 0 && plain.length === 0,
      plain.map(([p]) => p).join(', ') || `${texts.length} of ${texts.length}`,
    )
    const safe = headers.get(path) ?? {}
    check(
      `${name}: strict content security policy`,
      (safe['content-security-policy'] ?? '').includes("script-src 'self'") &&
        !/unsafe-(inline|eval)/.test(safe['content-security-policy'] ?? ''),
      'script-src ’self’',
    )
    if (head.manifest !== '') {
      const manifest = (await (await fetch(head.manifest)).json()) as {
        icons: { src: string; sizes: string }[]
        start_url: string
      }
      check(
        `${name}: installable`,
        ['192x192', '512x512'].every((s) => manifest.icons.some((i) => i.sizes === s)),
        manifest.icons.map((i) => i.sizes).join(', '),
      )
    } else check(`${name}: installable`, false, 'no manifest')
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      await page.reload()
      await page.waitForSelector(there)
      await page.evaluate(axeSource)
      const { violations, passes } = await page.evaluate<AxeResults>('axe.run(document)')
      const contrast = violations.filter((v) => v.id === 'color-contrast')
      check(
        `${name}, ${scheme}: contrast`,
        contrast.length === 0,
        `${contrast.flatMap((v) => v.nodes).length} too faint`,
      )
      check(
        `${name}, ${scheme}: accessibility (axe)`,
        violations.length === 0,
        `${violations.length} faults, ${passes.length} rules kept`,
      )
    }
    await page.context().close()
  }
})

function table(): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const kept = (r: { within?: boolean }) => (r.within === undefined ? '' : r.within ? 'yes' : '**no**')
  return [
    `${report.at.slice(0, 10)}, ${report.processors} processors (${report.processor}), Chromium ${report.browser}, load ${report.load_before.toFixed(1)} before and ${report.load_after.toFixed(1)} after.`,
    '',
    line(['what', 'measured', 'bound', 'within']),
    line(['---', '---', '---', '---']),
    ...report.rows.map((r) => line([r.what, r.measured, r.bound ?? '', kept(r)])),
    '',
    line(['file of the live page’s first load', 'compressed', 'needed by']),
    line(['---', '---', '---']),
    ...report.files.map((f) => line([f.file, kb(f.bytes), f.on])),
    '',
    line(['check', 'seen', 'passed']),
    line(['---', '---', '---']),
    ...report.checks.map((c) => line([c.check, c.seen.replaceAll('|', '\\|'), c.passed ? 'yes' : '**no**'])),
    '',
  ].join('\n')
}
