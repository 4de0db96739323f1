import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'

/** Something that listens on this machine. */
export interface Site {
  url: string
  port: number
  stop: () => Promise<void>
}

type Handle = (request: IncomingMessage, answer: ServerResponse) => void

async function listen(handle: Handle, upgrade?: (request: IncomingMessage, socket: NodeJS.Socket) => void) {
  const server = createServer(handle)
  const open = new Set<NodeJS.Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  if (upgrade !== undefined) server.on('upgrade', upgrade)
  await new Promise<void>((ok, fail) => {
    server.once('error', fail)
    server.listen(0, '127.0.0.1', ok)
  })
  const { port } = server.address() as AddressInfo
  const stop = async () => {
    const closed = new Promise((done) => server.close(done))
    for (const socket of open) (socket as unknown as { destroy: () => void }).destroy()
    await closed
  }
  return { port, url: `http://127.0.0.1:${port}`, stop }
}

/** What a reverse proxy does. */
export interface ProxyRules {
  /** Only paths below this are passed on, others get 404; '' passes all on. */
  prefix?: string
  /** Takes the prefix away before it passes a request on. */
  strip?: boolean
  /** What becomes of WebSockets; asked at each. */
  sockets?: () => 'pass' | 'refuse'
}

/** A reverse proxy in front of a server on this machine, as nginx would be. */
export async function startProxy(target: { port: number }, rules: ProxyRules = {}): Promise<Site> {
  const { prefix = '', strip = false, sockets = () => 'pass' } = rules
  const passed = (path: string): string | undefined => {
    if (prefix === '') return path
    if (path !== prefix && !path.startsWith(`${prefix}/`) && !path.startsWith(`${prefix}?`)) return undefined
    if (!strip) return path
    const rest = path.slice(prefix.length)
    return rest.startsWith('/') ? rest : `/${rest}`
  }
  return listen(
    (near, answer) => {
      const path = passed(near.url ?? '/')
      if (path === undefined) {
        answer.writeHead(404, { 'Content-Type': 'text/plain' }).end('nothing of ours')
        return
      }
      const far = request(
        { host: '127.0.0.1', port: target.port, method: near.method, path, headers: near.headers },
        (got) => {
          answer.writeHead(got.statusCode ?? 502, got.headers)
          got.pipe(answer)
        },
      )
      far.on('error', () => answer.destroy())
      answer.on('close', () => far.destroy())
      near.pipe(far)
    },
    (near, socket) => {
      const path = passed(near.url ?? '/')
      if (path === undefined || sockets() === 'refuse') {
        socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
        return
      }
      const far = connect(target.port, '127.0.0.1')
      const lines = [`${near.method ?? 'GET'} ${path} HTTP/1.1`]
      for (let i = 0; i < near.rawHeaders.length; i += 2)
        lines.push(`${near.rawHeaders[i] ?? ''}: ${near.rawHeaders[i + 1] ?? ''}`)
      far.write(`${lines.join('\r\n')}\r\n\r\n`)
      far.pipe(socket).pipe(far)
      far.on('error', () => socket.end())
      socket.on('error', () => far.destroy())
      socket.on('close', () => far.destroy())
    },
  )
}

const kinds: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/** Serves a folder as hosts of static pages do: what is no file is the page. */
export const startStatic = (folder: string): Promise<Site> =>
  listen((near, answer) => {
    const name = normalize(new URL(near.url ?? '/', 'http://x').pathname)
    const wanted = join(folder, name)
    const file = existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(folder, 'index.html')
    answer.writeHead(200, { 'Content-Type': kinds[extname(file)] ?? 'application/octet-stream' })
    createReadStream(file).pipe(answer)
  })
