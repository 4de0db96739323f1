import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTLSServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export const email = 'nora@example.org'
export const password = 'Tangerine7! boat'

/** Something that listens on this machine. */
export interface Site {
  url: string
  port: number
  stop: () => Promise<void>
}

const binary = (): string => {
  const named = process.env.CHATMOOD_BIN
  if (named === undefined || named === '') throw new Error('CHATMOOD_BIN is not set: run make test-browser')
  return resolve(named)
}

async function listening(server: Server): Promise<Site> {
  await new Promise<void>((ok, fail) => {
    server.once('error', fail)
    server.listen(0, '127.0.0.1', ok)
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((done) => {
        server.close(() => {
          done()
        })
        server.closeAllConnections()
      }),
  }
}

/** Another site, with an empty page. */
export const otherSite = (): Promise<Site> =>
  listening(
    createServer((_, response) => {
      response.setHeader('Content-Type', 'text/html')
      response.end('<!doctype html><title>another site</title>')
    }),
  )

/** A server in production with one user, who has `email` and `password`. */
export async function startAccounts(env: Record<string, string>): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'chatmood-e2e-'))
  const free = await listening(createServer())
  await free.stop()
  const all = {
    PATH: process.env.PATH,
    DATA_DIR: join(folder, 'data'),
    PORT: String(free.port),
    HOST: '127.0.0.1',
    ENVIRONMENT: 'production',
    SECRET_KEY: 'a key for tests of at least thirty-two bytes',
    MAIL: 'off',
    GUESTS: 'none',
    TWITCH_IRC_URL: 'irc://127.0.0.1:9', // nobody listens there
    ...env,
  }
  const names = ['--first-name', 'Nora', '--last-name', 'Quill']
  execFileSync(binary(), ['user', 'create', email, ...names], {
    env: all,
    cwd: folder,
    input: `${password}\n`,
  })
  const child = spawn(binary(), ['serve'], { env: all, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-8000)
    })
  }
  const stop = async () => {
    await end(child)
    rmSync(folder, { recursive: true, force: true })
  }
  const deadline = Date.now() + 60_000
  for (;;) {
    try {
      if ((await fetch(`${free.url}/health/ready`)).ok) break
    } catch {
      // Not listening yet.
    }
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop()
      throw new Error(`the server did not start\n${output}`)
    }
    await new Promise((r) => setTimeout(r, 50))
  }
  return { url: free.url, port: free.port, stop }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((r) => child.once('exit', r))
  child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), 20_000)
  await ended
  clearTimeout(killer)
}

/** A proxy that takes https and passes on http, as those in front of servers do. */
export async function startTLSProxy(target: Site): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'chatmood-e2e-tls-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const made = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    key,
    '-out',
    cert,
  ]
  execFileSync('openssl', ['req', '-x509', ...made, '-subj', '/CN=127.0.0.1', '-days', '2'], {
    stdio: 'ignore',
  })
  const pass = (near: IncomingMessage, answer: ServerResponse) => {
    const headers = { ...near.headers, 'x-forwarded-proto': 'https', 'x-forwarded-for': '198.18.0.1' }
    const far = request(
      { host: '127.0.0.1', port: target.port, method: near.method, path: near.url, headers },
      (got) => {
        answer.writeHead(got.statusCode ?? 502, got.headers)
        got.pipe(answer)
      },
    )
    far.on('error', () => answer.destroy())
    near.pipe(far)
  }
  const site = await listening(createTLSServer({ key: readFileSync(key), cert: readFileSync(cert) }, pass))
  rmSync(folder, { recursive: true, force: true })
  return { ...site, url: `https://127.0.0.1:${site.port}` }
}
