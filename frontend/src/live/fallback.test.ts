import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocketServer, type WebSocket as ServerSocket } from 'ws'
import { LiveConnection, type Link, type LiveAuth } from './connection'
import type { ServerFrame } from './protocol'

// A real server on the loopback that may refuse to upgrade, as some networks do.
let server: Server
let wss: WebSocketServer
let origin: string
let upgrades: string[]
let sockets: ServerSocket[]
let streams: { request: IncomingMessage; answer: ServerResponse }[]
let connections: LiveConnection[]
let blocked: boolean
let status: number
/** What clients said on sockets. */
let said: unknown[]

const hello = (resumed: boolean) =>
  JSON.stringify({ type: 'hello', channel: 'somebody', epoch: 1, seq: 0, resumed, server_time: 0 })

beforeEach(async () => {
  upgrades = []
  sockets = []
  streams = []
  connections = []
  said = []
  blocked = true
  status = 200
  wss = new WebSocketServer({ noServer: true })
  server = createServer((request, answer) => {
    streams.push({ request, answer })
    answer.writeHead(status, { 'Content-Type': 'text/event-stream' })
    if (status !== 200) {
      answer.end()
      return
    }
    answer.write('data: {"type":"connection","status":"connected"}\n\n')
    answer.write(`data: ${hello(request.headers['last-event-id'] !== undefined)}\n\n`)
  })
  server.on('upgrade', (request, socket, head) => {
    upgrades.push(request.url ?? '')
    if (blocked) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
      return
    }
    wss.handleUpgrade(request, socket, head, (ws) => {
      sockets.push(ws)
      ws.on('message', (data: Buffer) => said.push(JSON.parse(data.toString())))
      ws.send(hello((request.url ?? '').includes('since')))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  for (const c of connections) c.stop()
  for (const s of sockets) s.terminate()
  server.closeAllConnections()
  await new Promise((resolve) => {
    server.close(resolve)
  })
})

const fast = {
  baseDelay: 20,
  maxDelay: 100,
  crowdedDelay: 150,
  silence: 60_000,
  connectTimeout: 60_000,
  socketTimeout: 60_000,
  settled: 10_000,
  socketRetry: 3_600_000,
}

function open(options: Partial<ConstructorParameters<typeof LiveConnection>[0]> = {}) {
  const links: Link[] = []
  const frames: ServerFrame[] = []
  const connection = new LiveConnection({
    url: `ws://${origin}/ws/chat/somebody`,
    events: {
      url: `http://${origin}/api/sse/chat/somebody?dialect=chatmood.v1`,
      fetch: (request) => fetch(request),
    },
    onFrame: (frame) => frames.push(frame),
    onLink: (link) => links.push(link),
    ...options,
    timing: { ...fast, ...options.timing },
  })
  connections.push(connection)
  connection.start()
  return { connection, links, frames, last: () => links.at(-1) }
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 })
const stream = (n: number) => {
  const found = streams[n]
  if (found === undefined) throw new Error(`there is no stream ${n}`)
  return found
}

describe('where WebSockets do not get through', () => {
  test('an event stream takes over at once, and frames come', async () => {
    const { links, last, frames } = open()
    await until(() => {
      expect(last()).toEqual({ state: 'open', via: 'events' })
    })
    expect(upgrades).toHaveLength(1)
    expect(links.map((l) => l.state)).not.toContain('waiting')
    stream(0).answer.write('id: 1.1\ndata: {"type":"heartbeat",')
    stream(0).answer.write('"server_time":1}\n\n')
    await until(() => {
      expect(frames.map((f) => f.type)).toEqual(['hello', 'heartbeat'])
    })
  })

  test('a broken stream goes on as a stream, and says where', async () => {
    const { last } = open({ since: () => (streams.length === 0 ? undefined : '1.42') })
    await until(() => {
      expect(last()).toMatchObject({ via: 'events' })
    })
    stream(0).answer.destroy()
    await until(() => {
      expect(streams).toHaveLength(2)
      expect(last()).toMatchObject({ via: 'events' })
    })
    expect(stream(0).request.headers['last-event-id']).toBeUndefined()
    expect(stream(1).request.headers['last-event-id']).toBe('1.42')
    expect(upgrades).toHaveLength(1)
  })

  test('a WebSocket is tried again later and takes over where the stream was', async () => {
    const { last, links, frames } = open({
      since: () => (streams.length === 0 ? undefined : '1.7'),
      timing: { socketRetry: 20 },
    })
    await until(() => {
      expect(last()).toMatchObject({ via: 'events' })
      // Tried in vain, meanwhile the stream stands.
      expect(upgrades.length).toBeGreaterThanOrEqual(2)
    })
    blocked = false
    const closed = new Promise((resolve) => stream(0).request.once('close', resolve))
    await until(() => {
      expect(last()).toEqual({ state: 'open', via: 'socket' })
    })
    await closed
    expect(upgrades.at(-1)).toBe('/ws/chat/somebody?since=1.7')
    expect(links.map((l) => l.state)).toEqual(['connecting', 'connecting', 'open', 'open'])
    sockets.at(-1)?.send('{"type":"heartbeat","server_time":9}')
    await until(() => {
      expect(frames.at(-1)).toEqual({ type: 'heartbeat', server_time: 9 })
    })
    // Its loss is that of any WebSocket.
    sockets.at(-1)?.terminate()
    await until(() => {
      expect(sockets).toHaveLength(2)
      expect(last()).toEqual({ state: 'open', via: 'socket' })
    })
  })

  test('after WebSockets that worked it takes three failures', async () => {
    blocked = false
    const { last } = open()
    await until(() => {
      expect(last()).toMatchObject({ via: 'socket' })
    })
    blocked = true
    sockets[0]?.terminate()
    await until(() => {
      expect(last()).toMatchObject({ via: 'events' })
    })
    expect(upgrades).toHaveLength(4)
  })

  test('the next link of the page begins with a stream', async () => {
    const memory = { blocked: false }
    const first = open({ memory })
    await until(() => {
      expect(first.last()).toMatchObject({ via: 'events' })
    })
    const second = open({ memory })
    await until(() => {
      expect(second.last()).toMatchObject({ via: 'events' })
    })
    expect(upgrades).toHaveLength(1)
  })

  test.each([
    [401, 'signed-out'],
    [403, 'forbidden'],
    [404, 'not-analysed'],
  ])('status %i is the end: %s', async (code, reason) => {
    status = code
    const { last } = open()
    await until(() => {
      expect(last()).toEqual({ state: 'closed', reason })
    })
  })

  test.each([
    [429, 'crowded'],
    [503, 'restarting'],
    [502, 'unreachable'],
  ])('status %i is tried again: %s', async (code, reason) => {
    status = code
    const { last, links } = open()
    await until(() => {
      expect(links.find((l) => l.state === 'waiting')).toMatchObject({ reason })
    })
    status = 200
    await until(() => {
      expect(last()).toMatchObject({ via: 'events' })
    })
  })

  test('a stop by a person ends the stream for good', async () => {
    const { last } = open()
    await until(() => {
      expect(last()).toMatchObject({ via: 'events' })
    })
    stream(0).answer.end('data: {"type":"stopped","channel":"somebody"}\n\n')
    await until(() => {
      expect(last()).toEqual({ state: 'closed', reason: 'stopped' })
    })
  })

  test('leaving ends the stream', async () => {
    const { connection, last } = open()
    await until(() => {
      expect(last()).toMatchObject({ via: 'events' })
    })
    const closed = new Promise((resolve) => stream(0).request.once('close', resolve))
    connection.stop()
    await closed
    expect(last()).toEqual({ state: 'closed', reason: 'left' })
  })

  test('without any server both are tried, and it says so', async () => {
    server.closeAllConnections()
    await new Promise((resolve) => {
      server.close(resolve)
    })
    const { links } = open()
    await until(() => {
      expect(links.filter((l) => l.state === 'waiting').length).toBeGreaterThanOrEqual(2)
    })
    expect(links.find((l) => l.state === 'waiting')).toMatchObject({ reason: 'unreachable' })
  })
})

describe('a sign-in by tokens', () => {
  const signIn = (token: string, renewed: 'renewed' | 'refused' | 'away' = 'renewed') => {
    const told = new Set<(token: string) => void>()
    const auth = {
      current: token,
      renewals: 0,
      token: () => auth.current,
      renew: () => {
        auth.renewals++
        if (renewed === 'renewed') auth.current = `${token} renewed`
        return Promise.resolve(renewed)
      },
      subscribe: (listener: (token: string) => void) => {
        told.add(listener)
        return () => told.delete(listener)
      },
      tell: (next: string) => {
        auth.current = next
        for (const t of told) t(next)
      },
      told,
    }
    return auth satisfies LiveAuth & object
  }

  beforeEach(() => {
    blocked = false
  })

  test('is sent first, and each newer token on the same socket', async () => {
    const auth = signIn('one')
    const { connection } = open({ auth })
    await until(() => {
      expect(said).toEqual([{ type: 'auth', token: 'one' }])
    })
    auth.tell('two')
    await until(() => {
      expect(said).toEqual([
        { type: 'auth', token: 'one' },
        { type: 'auth', token: 'two' },
      ])
    })
    expect(sockets).toHaveLength(1)
    connection.stop()
    expect(auth.told.size).toBe(0)
  })

  test('that ran out is renewed once, and the stream goes on', async () => {
    const auth = signIn('one')
    const { last } = open({ auth, since: () => (sockets.length === 0 ? undefined : '1.3') })
    await until(() => {
      expect(last()?.state).toBe('open')
    })
    sockets[0]?.close(4401)
    await until(() => {
      expect(said.at(-1)).toEqual({ type: 'auth', token: 'one renewed' })
      expect(last()?.state).toBe('open')
    })
    expect(upgrades.at(-1)).toBe('/ws/chat/somebody?since=1.3')
    expect(auth.renewals).toBe(1)
  })

  test('that the server refuses anew is over, without asking for ever', async () => {
    const auth = signIn('one')
    server.removeAllListeners('upgrade')
    server.on('upgrade', (request, socket, head) => {
      wss.handleUpgrade(request, socket, head, (ws) => {
        sockets.push(ws)
        ws.close(4401)
      })
    })
    const { last } = open({ auth })
    await until(() => {
      expect(last()).toEqual({ state: 'closed', reason: 'signed-out' })
    })
    expect(sockets).toHaveLength(2)
    expect(auth.renewals).toBe(1)
  })

  test.each([
    ['refused', { state: 'closed', reason: 'signed-out' }],
    ['away', { state: 'waiting', reason: 'unreachable' }],
  ] as const)('whose renewal is %s', async (how, link) => {
    const auth = signIn('one', how)
    const { links, last } = open({ auth, timing: { baseDelay: 3_600_000, maxDelay: 3_600_000 } })
    await until(() => {
      expect(last()?.state).toBe('open')
    })
    sockets[0]?.close(4401)
    await until(() => {
      expect(links.at(-1)).toMatchObject(link)
    })
  })
})
