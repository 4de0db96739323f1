import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** A running `chatmood demo` with a data folder of its own. */
export interface TestServer {
  url: string
  port: number
  /** The first channel that the server offers to try. */
  demoChannel: () => Promise<string>
  start: (channel: string) => Promise<void>
  /** Waits until a channel's analysis has counted so many messages. */
  messages: (channel: string, atLeast: number) => Promise<void>
  /** A running analysis as it is now. */
  snapshot: (channel: string) => Promise<Analysis>
  /** Signs in at the API and returns the token; the first administrator where nobody is named. */
  signIn: (person?: Person) => Promise<string>
  /** Saves a running analysis to the history of the first administrator; returns the entry's id. */
  save: (channel: string) => Promise<string>
  /** Makes an account that is active at once. */
  addUser: (person: Person, role?: 'user' | 'admin') => Promise<void>
  /** Waits for the nth mail to an address in the server's outbox that says something. */
  mailTo: (address: string, says: RegExp, nth?: number) => Promise<string>
  /** The link that makes the first administrator, where `setUp` was false. */
  setUpLink: string
  /** Stops every analysis but one. */
  only: (channel: string) => Promise<void>
  /** Stops an analysis and returns the id of the finished session. */
  finish: (channel: string) => Promise<string>
  /** Its DATA_DIR. */
  data: string
  /** Ends its process as a power cut would: nothing is put away. */
  kill: () => Promise<void>
  /** Starts it again after [kill], with the same data and on the same port. */
  again: () => Promise<void>
  stop: () => Promise<void>
}

/** What tests read of an analysis. */
export interface Analysis {
  id: string
  counts: { total: number; positive: number; neutral: number; negative: number }
}

/** Somebody with an account. */
export interface Person {
  first_name: string
  last_name: string
  email: string
  password: string
}

export const ada: Person = {
  first_name: 'Ada',
  last_name: 'Root',
  email: 'ada@example.org',
  password: 'Tangerine7! boat',
}

const startTimeout = 30_000

/** Starts the binary that CHATMOOD_BIN names, on a free port, with its simulated Twitch. */
export async function startServer(...flags: string[]): Promise<TestServer> {
  return startServerWith({ setUp: true }, ...flags)
}

/** The same; without `setUp` it has no administrator yet. */
export async function startServerWith(
  { setUp, env = {} }: { setUp: boolean; env?: Record<string, string> },
  ...flags: string[]
): Promise<TestServer> {
  const named = process.env.CHATMOOD_BIN
  if (named === undefined || named === '') {
    throw new Error(
      'CHATMOOD_BIN is not set: build with `make build`, then run CHATMOOD_BIN=../bin/chatmood npm run e2e',
    )
  }
  const port = await freePort()
  const data = mkdtempSync(join(tmpdir(), 'chatmood-e2e-'))
  const url = `http://127.0.0.1:${port}`
  let output = ''
  let child: ChildProcess
  const begin = async () => {
    child = spawn(resolve(named), ['demo', '--keep', ...flags], {
      env: {
        ...process.env,
        PORT: String(port),
        HOST: '127.0.0.1',
        DATA_DIR: data,
        ENVIRONMENT: 'development',
        ...env,
      },
      cwd: data,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-8000)
      })
    }
    try {
      await ready(url, child)
    } catch (error) {
      await stop()
      throw new Error(`${named} demo did not start\n${output}`, { cause: error })
    }
  }
  const stop = async () => {
    await end(child)
    rmSync(data, { recursive: true, force: true })
  }
  await begin()
  const setUpLink = /http\S+\/setup\/\S+/.exec(output)?.[0] ?? ''
  const power: Pick<TestServer, 'data' | 'kill' | 'again'> = {
    data,
    kill: async () => {
      await end(child, 'SIGKILL')
    },
    again: begin,
  }
  const server = { url, port, stop, setUpLink, ...power, ...calls(url), ...people(url, data) }
  if (setUp) {
    await post(url, '/api/setup', { ...ada, token: setUpLink.split('/').at(-1) })
  }
  const stopAnalysis = async (channel: string) => {
    const response = await fetch(`${url}/api/admin/channels/${channel}`, {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${await server.signIn()}` },
    })
    if (!response.ok) throw new Error(`stopping ${channel}: ${response.status} ${await response.text()}`)
  }
  return {
    ...server,
    only: async (channel) => {
      const running = (await (await fetch(`${url}/api/channels`)).json()) as {
        channels: { channel: string }[]
      }
      await Promise.all(
        running.channels.filter((c) => c.channel !== channel).map((c) => stopAnalysis(c.channel)),
      )
    },
    finish: async (channel) => {
      await stopAnalysis(channel)
      return until(`a finished session of ${channel}`, async () => {
        const list = await fetch(`${url}/api/sessions?channel=${channel}`)
        return ((await list.json()) as { sessions: { id: string }[] }).sessions[0]?.id
      })
    },
  }
}

/** What tests ask of the API directly. */
function calls(url: string): Pick<TestServer, 'demoChannel' | 'start' | 'messages' | 'snapshot'> {
  const get = async <T>(path: string): Promise<T | undefined> => {
    const response = await fetch(url + path)
    return response.ok ? ((await response.json()) as T) : undefined
  }
  return {
    demoChannel: async () => {
      const channel = (await get<{ demo_channels: string[] }>('/api/info'))?.demo_channels[0]
      if (channel === undefined) throw new Error('/api/info offers no demo channel')
      return channel
    },
    snapshot: async (channel) => {
      const found = await get<Analysis>(`/api/channels/${channel}`)
      if (found === undefined) throw new Error(`${channel} is not being analysed`)
      return found
    },
    start: async (channel) => {
      await post(url, '/api/twitch/connect-guest', { url: channel })
    },
    messages: (channel, atLeast) =>
      until(`${atLeast} messages in ${channel}`, async () => {
        const snapshot = await get<{ counts: { total: number } }>(`/api/channels/${channel}`)
        return (snapshot?.counts.total ?? 0) >= atLeast ? true : undefined
      }).then(() => undefined),
  }
}

async function post(url: string, path: string, body: object, token?: string): Promise<unknown> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

/** Accounts, and the mail that they get. */
function people(url: string, data: string): Pick<TestServer, 'signIn' | 'save' | 'addUser' | 'mailTo'> {
  // Hashing takes its time: each signs in once.
  const tokens = new Map<string, string>()
  const signIn = async (person: Person = ada) => {
    const known = tokens.get(person.email)
    if (known !== undefined) return known
    const { email, password } = person
    const { access_token: token } = (await post(url, '/api/login', { email, password })) as {
      access_token: string
    }
    tokens.set(email, token)
    return token
  }
  return {
    signIn,
    save: async (channel) => {
      const claim = {
        streamer_name: channel,
        total_chats: 0,
        sentiment_count: { positive: 0, neutral: 0, negative: 0 },
        top_positive: [],
        top_negative: [],
        top_neutral: [],
      }
      const told = (await post(url, '/api/history/save', claim, await signIn())) as { history_id: string }
      return told.history_id
    },
    addUser: async (person, role = 'user') => {
      await post(url, '/api/admin/users', { ...person, role }, await signIn())
    },
    mailTo: (address, says, nth = 1) =>
      until(`mail ${nth} to ${address} that says ${says.source}`, () => {
        const folder = join(data, 'outbox')
        if (!existsSync(folder)) return Promise.resolve(undefined)
        const mails = readdirSync(folder)
          .filter((name) => name.endsWith('.eml'))
          .map((name) => ({ name, at: statSync(join(folder, name)).mtimeMs }))
          .sort((x, y) => x.at - y.at)
          // Lines are joined as their encoding says.
          .map(({ name }) =>
            readFileSync(join(folder, name), 'utf8')
              .replaceAll(/=\r?\n/g, '')
              .replaceAll('=3D', '='),
          )
          .filter((text) => text.includes(`<${address}>`) && says.test(text))
        return Promise.resolve(mails[nth - 1])
      }),
  }
}

/** Asks until there is an answer. */
async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await new Promise((r) => setTimeout(r, 100))
  }
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + startTimeout
  for (;;) {
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`)
    try {
      if ((await fetch(`${url}/api/info`)).ok) return
    } catch {
      // Not listening yet.
    }
    if (Date.now() > deadline) throw new Error(`no answer within ${startTimeout / 1000} s`)
    await new Promise((r) => setTimeout(r, 50))
  }
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((r) => child.once('exit', r))
  child.kill(signal)
  const killer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(killer)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await listen(server, 0)
  const { port } = server.address() as AddressInfo
  await new Promise((r) => server.close(r))
  return port
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((ok, fail) => {
    server.once('error', fail)
    server.listen(port, '127.0.0.1', ok)
  })

/** A plain TCP proxy whose cable can be pulled. */
export class CuttableProxy {
  private server: Server | undefined
  private readonly sockets = new Set<Socket>()
  private port = 0

  constructor(private readonly target: number) {}

  async start(): Promise<void> {
    this.server = createServer((near) => {
      const far = connect(this.target, '127.0.0.1')
      for (const s of [near, far]) {
        this.sockets.add(s)
        s.on('close', () => this.sockets.delete(s))
        s.on('error', () => s.destroy())
      }
      near.pipe(far)
      far.pipe(near)
      near.on('close', () => far.destroy())
      far.on('close', () => near.destroy())
    })
    await listen(this.server, this.port)
    this.port = (this.server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Ends every connection and refuses new ones until [start]. */
  async cut(): Promise<void> {
    const { server } = this
    this.server = undefined
    for (const s of this.sockets) s.destroy()
    if (server !== undefined) await new Promise((r) => server.close(r))
  }
}
