// A stand-in for the chatmood server, for work on the page without Go:
// invented chat over chatmood.v1 and the few API answers that the page reads.
//
//   npm run mock            serves the API and dist/ on port 8000
//   PORT=9000 RATE=50 npm run mock
//
// Channels with special behaviour: quiet (nobody writes), broken (Twitch
// refuses), bumpy (the link to Twitch breaks every half minute).
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocketServer } from 'ws'

const port = Number(process.env.PORT ?? 8000)
const rate = Number(process.env.RATE ?? 6)
// How much is behind the channels at the start; 0 for a quick one.
const history = Number(process.env.HISTORY ?? 1)
const dist = fileURLToPath(new URL('../dist', import.meta.url))
const demo = ['demo_arena', 'demo_cosy', 'quiet', 'broken', 'bumpy']

const lines = {
  positive: [
    'that was actually clean',
    'love this so much',
    'POGGERS what a save',
    'you are the best streamer here',
    'LETS GOOO',
    'gg well played everyone',
    'this song is great catJAM',
    'ok that was genius',
    'so happy to be here again after a long week, this chat is the nicest corner of the internet',
  ],
  neutral: [
    'what rank is this?',
    'first time here, what game is it',
    'brb',
    'anyone know the song name?',
    'he said tomorrow at eight',
    '!uptime',
    'same time next week?',
    'playing on the new patch already?',
    'مرحبا من المغرب',
    'だれかこの曲しってる',
  ],
  negative: [
    'this is so boring today',
    'ResidentSleeper again',
    'worst play of the year',
    'the lag is terrible',
    'why would you do that NotLikeThis',
    'that boss is unfair and the camera is awful',
    'mods are asleep I guess',
  ],
}
const emotes = [
  'Kappa',
  'POGGERS',
  'catJAM',
  'NotLikeThis',
  'ResidentSleeper',
  'LUL',
  'PogChamp',
  'BibleThump',
]
const names =
  'mara_plays,TeaAndToast,kiwi42,Nordlicht,pixel_pete,sunnyday,OldGreg_TV,lumen,zaphira,quickscope_q,bluebird,MoonBadger,tofu,hexe,rainbow_rita,arlo'.split(
    ',',
  )
const colors = [
  '#FF0000',
  '#0000FF',
  '#8A2BE2',
  '#1E90FF',
  '#00FF7F',
  '#DAA520',
  '#2E2E2E',
  '#FFFF00',
  undefined,
]
const pick = (list) => list[Math.floor(Math.random() * list.length)]
const share = (v) => Math.round(v * 1000) / 1000

class Channel {
  constructor(channel, startedAt = Date.now()) {
    this.channel = channel
    this.id = `s${startedAt.toString(36)}${channel}`
    this.epoch = Date.now()
    this.seq = 0
    this.startedAt = startedAt
    this.log = [] // [seq after, frame]
    this.recent = []
    this.sockets = new Set()
    this.buckets = new Map()
    this.people = new Map()
    this.terms = new Map()
    this.gaps = []
    this.marks = []
    this.moments = []
    this.waves = []
    this.counts = Object.fromEntries(
      'total positive neutral negative unsure unscored deleted bots commands mirrored waves first questions'
        .split(' ')
        .map((k) => [k, 0]),
    )
    this.peak = 0
    this.mood = 0
    this.status = { state: 'live', since: new Date().toISOString() }
    if (channel === 'broken') {
      this.status = {
        state: 'failed',
        code: 'no_such_channel',
        reason: 'Twitch did not answer the join: no channel of this name, or it is suspended',
        since: new Date().toISOString(),
      }
    }
    for (let t = startedAt; t < Date.now() - 1000; t += 1000) this.tick(t, false)
    this.timer = setInterval(() => this.tick(Date.now(), true), 250)
    this.beat = 0
  }

  message(t) {
    const feeling = Math.sin(t / 60000) * 0.35 + Math.sin(t / 17000) * 0.2
    const roll = Math.random()
    const label = roll < 0.35 + feeling * 0.3 ? 'positive' : roll < 0.75 ? 'neutral' : 'negative'
    const login = pick(names)
    let text = pick(lines[label])
    if (Math.random() < 0.25) text += ` ${pick(emotes)}`
    const used = []
    for (const e of emotes) {
      const at = text.indexOf(e)
      if (at >= 0) used.push([String(e.length * 7), at, at + e.length])
    }
    used.sort((a, b) => a[1] - b[1])
    let f = ''
    if (Math.random() < 0.25) f += 'S'
    if (login === 'hexe') f += 'M'
    if (login === 'lumen') f += 'V'
    if (Math.random() < 0.02) f += '1'
    if (Math.random() < 0.1) f += 'U'
    if (text.startsWith('!')) f += 'c'
    if (Math.random() < 0.02) f += 'b'
    if (text.endsWith('?')) f += '?'
    if (Math.random() < 0.02) f += 'a'
    const score =
      label === 'positive'
        ? 0.3 + Math.random() * 0.6
        : label === 'negative'
          ? -0.3 - Math.random() * 0.6
          : Math.random() * 0.2 - 0.1
    const m = {
      id: crypto.randomUUID(),
      t,
      u: login.toLowerCase(),
      x: text,
      l: { positive: 'p', neutral: 'u', negative: 'n' }[label],
      s: share(score),
      k: Math.round(60 + Math.random() * 39) / 100,
    }
    if (login !== login.toLowerCase()) m.n = login
    const c = colors[names.indexOf(login) % colors.length]
    if (c) m.c = c
    if (used.length) m.e = used
    if (f) m.f = f
    if (Math.random() < 0.04) m.r = { id: 'x', u: pick(names).toLowerCase(), x: pick(lines.neutral) }
    if (Math.random() < 0.01) m.$ = 100
    if (/[bc]/.test(f)) this.counts[f.includes('b') ? 'bots' : 'commands']++
    else this.count(m, label, t)
    return m
  }

  count(m, label, t) {
    this.counts.total++
    this.counts[label]++
    if (m.f?.includes('U')) this.counts.unsure++
    if (m.f?.includes('1')) this.counts.first++
    const s = Math.floor(t / 1000)
    const b = this.buckets.get(s) ?? { t: s, pos: 0, neu: 0, neg: 0, sum: 0, w: 0, wsum: 0 }
    b[label.slice(0, 3)]++
    b.sum = share(b.sum + m.s)
    b.w++
    b.wsum = b.sum
    this.buckets.set(s, b)
    this.mood = this.mood * 0.97 + m.s * 0.03
    const p = this.people.get(m.u) ?? {
      login: m.u,
      name: m.n ?? m.u,
      all: 0,
      positive: 0,
      neutral: 0,
      negative: 0,
    }
    p.all++
    p[label]++
    this.people.set(m.u, p)
    for (const w of new Set(m.x.split(' '))) {
      if (w.length < 3) continue
      const e = this.terms.get(w) ?? { term: w, count: 0, positive: 0, neutral: 0, negative: 0 }
      e.count++
      e[label]++
      this.terms.set(w, e)
    }
  }

  tick(t, publish) {
    this.beat = (this.beat ?? 0) + 1
    if (this.channel === 'bumpy' && publish) {
      const phase = (t / 1000) % 40
      if (phase > 30 && this.status.state === 'live') {
        this.status = {
          state: 'reconnecting',
          code: 'connection_lost',
          reason: 'the connection to Twitch was lost',
          since: new Date(t).toISOString(),
        }
        this.send({ type: 'status', seq: this.seq, status: this.status })
      } else if (phase <= 30 && this.status.state === 'reconnecting') {
        const gap = { from: this.status.since, to: new Date(t).toISOString(), reason: 'connection_lost' }
        this.gaps.push(gap)
        this.status = { state: 'live', since: gap.to }
        this.send({ type: 'status', seq: this.seq, status: this.status, gap })
      }
    }
    const wave = 1 + 0.8 * Math.sin(t / 23000) + (Math.sin(t / 61000) > 0.9 ? 3 : 0)
    const mean =
      this.status.state !== 'live' || this.channel === 'quiet' ? 0 : rate * wave * (publish ? 0.25 : 1)
    const n = Math.floor(mean + Math.random())
    const m = Array.from({ length: n }, () => this.message(t - Math.floor(Math.random() * 200)))
    this.recent.push(...m)
    if (this.recent.length > 200) this.recent.splice(0, this.recent.length - 200)
    this.seq += n
    if (Math.random() < (publish ? 0.0025 : 0.01)) {
      const mark = {
        at: new Date(t).toISOString(),
        kind: pick(['raid', 'gifts']),
        name: pick(names),
        count: 20,
        text: '',
      }
      mark.text =
        mark.kind === 'raid' ? `${mark.name} raids with 20 viewers` : `${mark.name} gifts 20 subscriptions`
      this.marks.push(mark)
      if (publish) this.send({ type: 'mark', seq: this.seq, mark })
    }
    if (this.rate(t) > rate * 150 && !this.moments.some((x) => !x.to)) {
      const moment = {
        id: `m${t}`,
        kind: 'hype',
        from: new Date(t).toISOString(),
        peak: this.rate(t),
        label: 'chat is three times as fast as usual',
      }
      this.moments.push(moment)
      if (publish) this.send({ type: 'moment', seq: this.seq, moment })
    } else if (this.rate(t) < rate * 100) {
      const open = this.moments.find((x) => !x.to)
      if (open) {
        open.to = new Date(t).toISOString()
        if (publish) this.send({ type: 'moment', seq: this.seq, moment: open })
      }
    }
    this.peak = Math.max(this.peak, this.rate(t))
    if (!publish) return
    if (n > 0) this.send({ type: 'batch', seq: this.seq, n, m })
    if (Math.random() < 0.02 && m[0]) this.send({ type: 'delete', seq: this.seq, ids: [m[0].id] })
    if (this.beat % 4 === 0) this.send(this.stats(t), false)
    if (this.beat % 20 === 0) {
      const s = this.snapshot()
      this.send(
        { type: 'top', chatters: s.chatters, terms: s.terms, emotes: s.emotes, waves: s.waves },
        false,
      )
    }
  }

  rate(t, seconds = 10) {
    let n = 0
    for (let s = Math.floor(t / 1000) - seconds + 1; s <= Math.floor(t / 1000); s++) {
      const b = this.buckets.get(s)
      if (b) n += b.pos + b.neu + b.neg
    }
    return (n * 60) / seconds
  }

  mean(seconds) {
    let n = 0
    let sum = 0
    const from = Date.now() / 1000 - seconds
    for (const b of this.buckets.values()) {
      if (b.t < from) continue
      n += b.pos + b.neu + b.neg
      sum += b.sum
    }
    return n > 0 ? share(sum / n) : null
  }

  stats(t) {
    const s = Math.floor(t / 1000)
    return {
      type: 'stats',
      seq: this.seq,
      counts: this.counts,
      mood: {
        now: this.counts.total ? share(this.mood) : null,
        trend: share(Math.cos(t / 30000) * 0.1),
        m1: this.mean(60),
        m5: this.mean(300),
        m15: this.mean(900),
        m60: this.mean(3600),
        all: this.mean(1e9),
      },
      rate: {
        now: this.rate(t),
        m1: this.rate(t, 60),
        m5: this.rate(t, 300),
        peak: this.peak,
        peak_at: new Date(t - 30000).toISOString(),
      },
      chatters: { distinct: this.people.size, exact: true, active: Math.min(this.people.size, 14) },
      buckets: [s - 2, s - 1, s].flatMap((k) => this.buckets.get(k) ?? []),
    }
  }

  snapshot() {
    const { counts, mood, rate: r } = this.stats(Date.now())
    const top = (k) =>
      [...this.people.values()]
        .filter((p) => p[k] > 0)
        .sort((a, b) => b[k] - a[k])
        .slice(0, 20)
        .map((p) => ({ login: p.login, name: p.name, count: p[k] }))
    const terms = [...this.terms.values()].sort((a, b) => b.count - a.count)
    return {
      id: this.id,
      channel: this.channel,
      running: true,
      started_at: new Date(this.startedAt).toISOString(),
      at: new Date().toISOString(),
      duration_seconds: (Date.now() - this.startedAt) / 1000,
      status: this.status,
      counts,
      mood,
      rate: r,
      chatters: {
        distinct: this.people.size,
        exact: true,
        active: Math.min(this.people.size, 14),
        top: {
          all: top('all'),
          positive: top('positive'),
          neutral: top('neutral'),
          negative: top('negative'),
        },
        top_error: 0,
        subscriber_messages: 0,
      },
      terms: terms.filter((w) => !emotes.includes(w.term)).slice(0, 20),
      emotes: terms.filter((w) => emotes.includes(w.term)).slice(0, 20),
      term_error: 0,
      waves:
        this.counts.total > 100
          ? [
              {
                text: 'DinoDance DinoDance the dinosaur is dancing DinoDance',
                count: 31,
                chatters: 24,
                from: new Date(this.startedAt + 60000).toISOString(),
                to: new Date(this.startedAt + 75000).toISOString(),
              },
            ]
          : [],
      gaps: this.gaps,
      marks: this.marks,
      moments: this.moments,
    }
  }

  timeline() {
    return {
      step_seconds: 1,
      from: new Date(this.startedAt).toISOString(),
      to: new Date().toISOString(),
      buckets: [...this.buckets.values()],
      gaps: this.gaps,
      marks: this.marks,
      moments: this.moments,
    }
  }

  send(frame, stream = true) {
    const text = JSON.stringify(frame)
    if (stream) this.log.push([this.seq, text])
    if (this.log.length > 5000) this.log.splice(0, 1000)
    for (const s of this.sockets) s.send(text)
  }

  join(socket, since) {
    const [epoch, seq] = (since ?? '').split('.')
    const resumed = epoch === String(this.epoch)
    const hello = {
      type: 'hello',
      channel: this.channel,
      epoch: this.epoch,
      seq: this.seq,
      resumed,
      server_time: Date.now(),
    }
    if (resumed) {
      socket.send(JSON.stringify(hello))
      for (const [at, text] of this.log) if (at > Number(seq)) socket.send(text)
    } else {
      socket.send(
        JSON.stringify({
          ...hello,
          ...(since ? { why: 'restarted' } : {}),
          snapshot: this.snapshot(),
          timeline: this.timeline(),
          recent: this.recent.slice(-100),
        }),
      )
    }
    this.sockets.add(socket)
    socket.on('close', () => this.sockets.delete(socket))
  }

  stop() {
    clearInterval(this.timer)
    this.send({ type: 'stopped', channel: this.channel })
    for (const s of this.sockets) s.close(1000)
    const snapshot = {
      ...this.snapshot(),
      running: false,
      ended_at: new Date().toISOString(),
      status: { state: 'stopped', since: new Date().toISOString() },
    }
    finished.unshift({ snapshot, timeline: this.timeline() })
  }
}

const finished = []
const running = new Map()
running.set('demo_arena', new Channel('demo_arena', Date.now() - 8 * history * 60_000))
for (const [name, minutes] of [
  ['demo_cosy', 42],
  ['lumen', 7],
  ['pixel_pete', 190],
]) {
  const past = new Channel(name, Date.now() - minutes * history * 60_000)
  past.stop()
}

const json = (res, status, body) => {
  res.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' })
  res.end(JSON.stringify(body))
}
const problem = (res, status, detail) => json(res, status, { title: 'Error', status, detail, error: detail })

const server = createServer(async (req, res) => {
  const url = new URL(req.url, 'http://mock')
  const path = url.pathname
  let body = ''
  for await (const chunk of req) body += chunk
  if (path === '/api/info') {
    return json(res, 200, {
      version: 'mock',
      api_version: '3.0.0',
      environment: 'development',
      anonymous: true,
      demo: true,
      demo_channels: demo,
      limits: {},
    })
  }
  if (path === '/api/channels') {
    const channels = [...running.values()].map((c) => {
      const s = c.snapshot()
      return {
        id: c.id,
        channel: c.channel,
        started_at: s.started_at,
        status: s.status,
        counts: s.counts,
        mood: s.mood.now,
        rate: s.rate.now,
        viewers: c.sockets.size,
      }
    })
    return json(res, 200, { channels })
  }
  if (path === '/api/twitch/connect') {
    const channel = JSON.parse(body)
      .url.toLowerCase()
      .replace(/.*twitch\.tv\//, '')
      .split(/[/?]/)[0]
    if (channel === 'too_many')
      return problem(res, 429, 'Too many channels are being analysed at once: stop one first')
    if (!running.has(channel)) running.set(channel, new Channel(channel))
    return json(res, 200, { message: `Connected to ${channel}'s chat`, channel })
  }
  if (path === '/api/twitch/disconnect') {
    const { channel } = JSON.parse(body)
    running.get(channel)?.stop()
    running.delete(channel)
    return json(res, 200, { message: `Disconnected from ${channel}'s chat` })
  }
  if (path === '/api/sessions') {
    const channel = url.searchParams.get('channel')
    const sessions = finished
      .map((r) => r.snapshot)
      .filter((s) => !channel || s.channel === channel)
      .map((s) => ({
        id: s.id,
        channel: s.channel,
        started_at: s.started_at,
        ended_at: s.ended_at,
        duration_seconds: s.duration_seconds,
        counts: s.counts,
        mood: s.mood.all,
      }))
    return json(res, 200, { sessions })
  }
  if (path.startsWith('/api/sessions/')) {
    const report = finished.find((r) => r.snapshot.id === path.split('/')[3])
    return report ? json(res, 200, report) : problem(res, 404, 'Session is not among the finished ones')
  }
  if (path.startsWith('/api/channels/')) {
    const channel = running.get(path.split('/')[3])
    return channel ? json(res, 200, channel.snapshot()) : problem(res, 404, 'Channel is not being analysed')
  }
  if (path.startsWith('/api/')) return problem(res, 404, 'Not found')
  const types = {
    '.html': 'text/html',
    '.js': 'text/javascript',
    '.css': 'text/css',
    '.svg': 'image/svg+xml',
    '.woff2': 'font/woff2',
    '.txt': 'text/plain',
  }
  let file = join(dist, normalize(path))
  if (!existsSync(file) || statSync(file).isDirectory()) file = join(dist, 'index.html')
  res.writeHead(200, {
    'Content-Type': types[extname(file)] ?? 'application/octet-stream',
    'Content-Security-Policy':
      "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'",
  })
  createReadStream(file).pipe(res)
})

const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'chatmood.v1' })
server.on('upgrade', (req, socket, head) => {
  sockets.handleUpgrade(req, socket, head, (ws) => {
    const url = new URL(req.url, 'http://mock')
    const channel = running.get(url.pathname.split('/')[3])
    if (channel === undefined) ws.close(4404)
    else channel.join(ws, url.searchParams.get('since'))
  })
})
server.listen(port, '127.0.0.1', () => console.log(`mock chatmood on http://127.0.0.1:${port}`))
