import { act, cleanup, render, screen, waitFor } from '@testing-library/react'
import type { AddressInfo } from 'node:net'
import { StrictMode, useState } from 'react'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocketServer, type WebSocket as ServerSocket } from 'ws'
import { LiveStore } from '../live/store'
import { snapshot, wireMessage } from '../live/testing'
import { useWebSocketConnection } from './useWebSocketConnection'

const hello = { type: 'hello', channel: 'somebody', epoch: 7, seq: 0, server_time: 0, snapshot: snapshot() }

let server: WebSocketServer
let url: string
let sockets: ServerSocket[]
let paths: string[]

beforeEach(async () => {
  sockets = []
  paths = []
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await new Promise((resolve) => server.once('listening', resolve))
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws/chat/somebody`
  server.on('connection', (socket, request) => {
    sockets.push(socket)
    paths.push(request.url ?? '')
    socket.send(JSON.stringify({ ...hello, resumed: (request.url ?? '').includes('since') }))
  })
})

afterEach(async () => {
  cleanup()
  for (const s of sockets) s.terminate()
  await new Promise((resolve) => {
    server.close(resolve)
  })
})

const until = (check: () => void) => waitFor(check, { timeout: 10_000, interval: 5 })

const open = () => sockets.filter((s) => s.readyState === s.OPEN)
const send = (frame: object) => {
  for (const s of open()) s.send(JSON.stringify(frame))
}

function Probe({ store, address }: { store: LiveStore; address: string | undefined }) {
  const [timing] = useState({ timing: { baseDelay: 20, maxDelay: 50 } })
  const { link, retry } = useWebSocketConnection(
    address,
    (frame) => {
      store.apply(frame)
    },
    () => store.since(),
    timing,
  )
  return (
    <button type="button" onClick={retry}>
      {link.state}
    </button>
  )
}

test('keeps one socket, resumes where the store stands, and leaves on unmount', async () => {
  const store = new LiveStore(() => () => undefined)
  const { unmount } = render(
    <StrictMode>
      <Probe store={store} address={url} />
    </StrictMode>,
  )
  await until(() => {
    expect(screen.getByRole('button').textContent).toBe('open')
    expect(open()).toHaveLength(1)
  })
  send({ type: 'batch', seq: 2, n: 2, m: [wireMessage(1), wireMessage(2)] })
  await until(() => {
    expect(store.messageIds()).toEqual(['m1', 'm2'])
  })

  for (const s of open()) s.terminate()
  await until(() => {
    expect(paths.at(-1)).toBe('/ws/chat/somebody?since=7.2')
    expect(screen.getByRole('button').textContent).toBe('open')
  })
  send({ type: 'batch', seq: 3, n: 1, m: [wireMessage(3)] })
  await until(() => {
    expect(store.messageIds()).toEqual(['m1', 'm2', 'm3'])
  })

  unmount()
  await until(() => {
    expect(open()).toHaveLength(0)
  })
})

test('connects nowhere without an address', () => {
  render(<Probe store={new LiveStore(() => () => undefined)} address={undefined} />)
  expect(screen.getByRole('button').textContent).toBe('connecting')
  expect(sockets).toHaveLength(0)
})

test('retry connects again after the end', async () => {
  server.once('connection', (socket: ServerSocket) => {
    socket.close(4404)
  })
  render(<Probe store={new LiveStore(() => () => undefined)} address={url} />)
  await until(() => {
    expect(screen.getByRole('button').textContent).toBe('closed')
  })
  act(() => {
    screen.getByRole('button').click()
  })
  await until(() => {
    expect(screen.getByRole('button').textContent).toBe('open')
  })
})
