import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocketServer, type WebSocket as ServerSocket } from 'ws'
import { LiveConnection, type Link } from './connection'
import { subprotocol, type ServerFrame } from './protocol'

// A real server on the loopback: the browser side is jsdom's WebSocket.
let server: WebSocketServer
let url: string
let sockets: ServerSocket[]
/** The address of each request, and what the client offered. */
let requests: { path: string; protocol: string | undefined }[]
let onConnect: (socket: ServerSocket, n: number) => void
let connections: LiveConnection[]

beforeEach(async () => {
  sockets = []
  requests = []
  connections = []
  onConnect = () => undefined
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await new Promise((resolve) => server.once('listening', resolve))
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws/chat/somebody`
  server.on('connection', (socket, request) => {
    sockets.push(socket)
    requests.push({ path: request.url ?? '', protocol: request.headers['sec-websocket-protocol'] })
    socket.send(hello)
    onConnect(socket, sockets.length)
  })
})

afterEach(async () => {
  for (const c of connections) c.stop()
  for (const s of sockets) s.terminate()
  await new Promise((resolve) => {
    server.close(resolve)
  })
})

const hello = JSON.stringify({
  type: 'hello',
  channel: 'somebody',
  epoch: 1,
  seq: 0,
  resumed: true,
  server_time: 0,
})

const fast = {
  baseDelay: 20,
  maxDelay: 100,
  crowdedDelay: 150,
  silence: 60_000,
  connectTimeout: 60_000,
  settled: 10_000,
}

function open(options: Partial<ConstructorParameters<typeof LiveConnection>[0]> = {}) {
  const links: Link[] = []
  const frames: ServerFrame[] = []
  const connection = new LiveConnection({
    url,
    onFrame: (frame) => frames.push(frame),
    onLink: (link) => links.push(link),
    ...options,
    timing: { ...fast, ...options.timing },
  })
  connections.push(connection)
  connection.start()
  const states = () => links.map((l) => l.state)
  const last = () => links.at(-1)
  return { connection, links, frames, states, last }
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 })

/** jsdom's navigator and document say what a test wants. */
const pretend = (target: object, key: string, value: unknown) => {
  Object.defineProperty(target, key, { configurable: true, get: () => value })
}

describe('LiveConnection', () => {
  test('offers the dialect and hands frames on', async () => {
    onConnect = (socket) => {
      socket.send('{"type":"heartbeat","server_time":1}')
      socket.send('{"type":"from the future"}')
      socket.send('no JSON')
      socket.send(Buffer.from('binary'))
      socket.send('{"type":"heartbeat","server_time":2}')
    }
    const { frames, states } = open()
    await until(() => {
      expect(frames.slice(1)).toEqual([
        { type: 'heartbeat', server_time: 1 },
        { type: 'heartbeat', server_time: 2 },
      ])
    })
    expect(requests).toEqual([{ path: '/ws/chat/somebody', protocol: subprotocol }])
    expect(states()).toEqual(['connecting', 'open'])
  })

  test('comes back by itself and says where to resume', async () => {
    const sinceValues = [undefined, 'epoch 1.42']
    onConnect = (socket, n) => {
      if (n === 1) socket.terminate()
    }
    const { links, last } = open({ since: () => sinceValues.shift() })
    await until(() => {
      expect(sockets).toHaveLength(2)
      expect(last()?.state).toBe('open')
    })
    expect(requests.map((r) => r.path)).toEqual(['/ws/chat/somebody', '/ws/chat/somebody?since=epoch%201.42'])
    expect(links.find((l) => l.state === 'waiting')).toMatchObject({ attempt: 1 })
  })

  test('waits longer after each failure, up to a bound', async () => {
    onConnect = (socket) => {
      socket.terminate()
    }
    const { links } = open({ random: () => 1 })
    const delays: number[] = []
    const asked = vi.spyOn(globalThis, 'setTimeout')
    await until(() => {
      expect(links.filter((l) => l.state === 'waiting').length).toBeGreaterThanOrEqual(5)
    })
    for (const [, ms] of asked.mock.calls) if (ms !== undefined && ms >= 20 && ms <= 100) delays.push(ms)
    expect(delays.slice(0, 5)).toEqual([20, 40, 80, 100, 100])
  })

  test('spreads its attempts over the upper half of the wait', async () => {
    for (const [random, least] of [
      [0, 500],
      [1, 1000],
    ] as const) {
      onConnect = (socket) => {
        socket.terminate()
      }
      const before = Date.now()
      const { links, last, connection } = open({
        random: () => random,
        timing: { baseDelay: 1000, maxDelay: 1000 },
      })
      await until(() => {
        expect(last()?.state).toBe('waiting')
      })
      const after = Date.now()
      connection.stop()
      const wait = links.find((l) => l.state === 'waiting')
      expect(wait?.retryAt).toBeGreaterThanOrEqual(before + least)
      expect(wait?.retryAt).toBeLessThanOrEqual(after + least)
    }
  })

  test.each([
    [1000, 'stopped'],
    [1008, 'protocol'],
    [4401, 'signed-out'],
    [4403, 'forbidden'],
    [4404, 'not-analysed'],
  ])('close code %i is the end: %s', async (code, reason) => {
    onConnect = (socket) => {
      socket.close(code)
    }
    const { last } = open()
    await until(() => {
      expect(last()).toEqual({ state: 'closed', reason })
    })
  })

  test.each([
    [1012, 'restarting'],
    [4408, 'slow'],
    [4429, 'crowded'],
    [1011, 'lost'],
  ])('close code %i is tried again: %s', async (code, reason) => {
    onConnect = (socket, n) => {
      if (n === 1) socket.close(code)
    }
    const { links, last } = open()
    await until(() => {
      expect(sockets).toHaveLength(2)
      expect(last()?.state).toBe('open')
    })
    expect(links.find((l) => l.state === 'waiting')).toMatchObject({ reason })
  })

  test('after a stop by a person the link is not lost but over, whatever the close code', async () => {
    onConnect = (socket) => {
      socket.send('{"type":"stopped","channel":"somebody"}')
      socket.close(1011)
    }
    const { last, frames } = open()
    await until(() => {
      expect(last()).toEqual({ state: 'closed', reason: 'stopped' })
    })
    expect(frames.map((f) => f.type)).toEqual(['hello', 'stopped'])
  })

  test('a closed link can be tried again', async () => {
    onConnect = (socket, n) => {
      if (n === 1) socket.close(4404)
    }
    const { connection, last } = open()
    await until(() => {
      expect(last()?.state).toBe('closed')
    })
    connection.retry()
    await until(() => {
      expect(last()?.state).toBe('open')
    })
  })

  test('gives a silent link up and makes a new one', async () => {
    const { links, last } = open({ timing: { silence: 60 } })
    await until(() => {
      expect(links.find((l) => l.state === 'waiting')).toMatchObject({ reason: 'silent' })
    })
    await until(() => {
      expect(sockets.length).toBeGreaterThanOrEqual(2)
      expect(last()?.state).toBe('open')
    })
  })

  test('any frame keeps the link', async () => {
    onConnect = (socket) => {
      const beat = setInterval(() => {
        socket.send('{"type":"heartbeat","server_time":0}')
      }, 10)
      socket.on('close', () => {
        clearInterval(beat)
      })
    }
    const { frames, states } = open({ timing: { silence: 2000 } })
    await until(() => {
      expect(frames.length).toBeGreaterThan(50)
    })
    expect(states()).toEqual(['connecting', 'open'])
  })

  test('a server that does not greet speaks another language', async () => {
    server.removeAllListeners('connection')
    server.on('connection', (socket) => {
      sockets.push(socket)
      socket.send('{"type":"message","data":{}}')
    })
    const { last, frames } = open()
    await until(() => {
      expect(last()).toEqual({ state: 'closed', reason: 'protocol' })
    })
    expect(frames).toEqual([])
  })

  test('says when no server answers', async () => {
    await new Promise((resolve) => {
      server.close(resolve)
    })
    const { links } = open()
    await until(() => {
      expect(links.find((l) => l.state === 'waiting')).toMatchObject({ reason: 'unreachable' })
    })
  })

  test('without a network it waits for the network', async () => {
    pretend(navigator, 'onLine', false)
    const { states, last } = open()
    expect(states()).toEqual(['offline'])
    pretend(navigator, 'onLine', true)
    window.dispatchEvent(new Event('online'))
    await until(() => {
      expect(last()?.state).toBe('open')
    })
  })

  test('a page that is looked at again does not wait any longer', async () => {
    onConnect = (socket, n) => {
      if (n === 1) socket.terminate()
    }
    const { last } = open({ timing: { baseDelay: 3_600_000, maxDelay: 3_600_000 } })
    await until(() => {
      expect(last()?.state).toBe('waiting')
    })
    document.dispatchEvent(new Event('visibilitychange'))
    await until(() => {
      expect(last()?.state).toBe('open')
    })
  })

  test('leaving closes the socket with 1000 and ends all attempts', async () => {
    const codes: number[] = []
    onConnect = (socket) => {
      socket.on('close', (code) => codes.push(code))
    }
    const { connection, last } = open()
    await until(() => {
      expect(last()?.state).toBe('open')
    })
    connection.stop()
    await until(() => {
      expect(codes).toEqual([1000])
    })
    expect(last()).toEqual({ state: 'closed', reason: 'left' })
    window.dispatchEvent(new Event('online'))
    connection.retry()
    expect(last()).toEqual({ state: 'closed', reason: 'left' })
  })
})
