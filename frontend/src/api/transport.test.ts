import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { session } from './session'
import { ApiError, apiFetch, problemOf, renew, whenSignedOut } from './transport'

// A real server; only the page's address is put in front of the paths.
let server: Server
let base: string
let asked: string[]
let answer: (path: string, nth: number) => [status: number, body: object]

beforeEach(async () => {
  asked = []
  server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? ''
    asked.push(`${request.method ?? ''} ${path}`)
    const [status, body] = answer(path, asked.length)
    response.writeHead(status, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(body))
  })
  await new Promise<void>((ok) => server.listen(0, '127.0.0.1', ok))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const real = globalThis.fetch
  vi.stubGlobal('fetch', (request: Request) => {
    const { pathname, search } = new URL(request.url)
    return real(new Request(base + pathname + search, { method: request.method, headers: request.headers }))
  })
  session.keep('old-token')
})

afterEach(async () => {
  vi.unstubAllGlobals()
  session.drop()
  await new Promise((r) => server.close(r))
})

const get = (path: string) => apiFetch(new Request(`http://localhost${path}`))

describe('a sign-in that has run out', () => {
  test('is renewed without a word, and the request goes out again', async () => {
    let renewed = false
    answer = (path) => {
      if (path === '/api/refresh-token') {
        renewed = true
        return [200, { access_token: 'new-token', token_type: 'bearer' }]
      }
      return renewed ? [200, { ok: true }] : [401, { detail: 'Could not validate credentials' }]
    }
    const response = await get('/api/history')
    expect(response.status).toBe(200)
    expect(session.token()).toBe('new-token')
    expect(asked).toEqual(['GET /api/history', 'POST /api/refresh-token', 'GET /api/history'])
  })

  test('is renewed once for requests that fail together', async () => {
    let renewed = false
    answer = (path) => {
      if (path === '/api/refresh-token') {
        renewed = true
        return [200, { access_token: 'new-token' }]
      }
      return renewed ? [200, {}] : [401, {}]
    }
    const statuses = await Promise.all(['/api/a', '/api/b', '/api/c'].map(async (p) => (await get(p)).status))
    expect(statuses).toEqual([200, 200, 200])
    expect(asked.filter((a) => a === 'POST /api/refresh-token')).toHaveLength(1)
  })

  test('ends in the server’s words when it cannot be renewed', async () => {
    const told: string[] = []
    const undo = whenSignedOut((reason) => told.push(reason))
    answer = (path) =>
      path === '/api/refresh-token' ? [403, { detail: 'Account is suspended.' }] : [401, { detail: 'no' }]
    expect((await get('/api/history')).status).toBe(401)
    expect(told).toEqual(['Account is suspended.'])
    expect(session.exists()).toBe(false)
    undo()
  })

  test('stays when the server is only busy', async () => {
    const told: string[] = []
    const undo = whenSignedOut((reason) => told.push(reason))
    answer = (path) => (path === '/api/refresh-token' ? [503, {}] : [401, {}])
    await get('/api/history')
    expect(told).toEqual([])
    expect(session.exists()).toBe(true)
    undo()
  })

  test('a wrong password is no reason to renew', async () => {
    answer = () => [401, { detail: 'Incorrect password' }]
    await get('/api/user/change-password')
    expect(asked).toEqual(['GET /api/user/change-password'])
  })

  test('guests are not renewed', async () => {
    session.drop()
    answer = () => [401, {}]
    await get('/api/history')
    expect(asked).toEqual(['GET /api/history'])
  })
})

test('renewing fails with a sentence when no server answers', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')))
  const failed = await renew()
  expect(failed).toBeInstanceOf(ApiError)
  expect(failed?.status).toBe(0)
  expect(failed?.message).toContain('does not answer')
})

test('a refusal names its fields and the time to wait', () => {
  const problem = problemOf(
    {
      detail: 'validation failed',
      errors: [
        { location: 'body.email', message: 'expected an address' },
        { location: 'query.page', message: 'expected a number' },
        { location: 5 },
        'odd',
      ],
    },
    new Response(null, { status: 422, headers: { 'Retry-After': '7' } }),
  )
  expect(problem.message).toBe('validation failed')
  expect(problem.fields).toEqual({ email: 'expected an address', page: 'expected a number' })
  expect(problem.retryAfter).toBe(7)
  expect(problemOf('<html>', new Response(null, { status: 502 })).message).toContain('502')
})
