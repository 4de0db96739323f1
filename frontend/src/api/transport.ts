import { t } from '../i18n'
import { basePath } from '../lib/basePath'
import { session } from './session'

/**
 * Where the API is: the page's own origin and base path unless VITE_API_URL names another
 * when the page is built.
 */
const configured: unknown = import.meta.env.VITE_API_URL
export const apiBase = (typeof configured === 'string' && configured !== '' ? configured : basePath).replace(
  /\/+$/,
  '',
)
/** True where the API is on another host, which gets no cookies of this page. */
export const apiElsewhere = /^https?:/.test(apiBase)

/** An answer that is no success. The message is a sentence for people. */
export class ApiError extends Error {
  override name = 'ApiError'
  constructor(
    message: string,
    /** The HTTP status; 0 where the server could not be reached. */
    readonly status: number,
    /** What is wrong with which field of the request. */
    readonly fields: Readonly<Record<string, string>> = {},
    /** Seconds to wait before trying again; 0 where the server did not say. */
    readonly retryAfter = 0,
  ) {
    super(message)
  }
}

/** Turns an answer that is no success into an error in words. */
export function problemOf(body: unknown, response: Response): ApiError {
  const fields: Record<string, string> = {}
  let detail: string | undefined
  if (typeof body === 'object' && body !== null) {
    if ('detail' in body && typeof body.detail === 'string' && body.detail !== '') detail = body.detail
    if ('errors' in body && Array.isArray(body.errors)) {
      for (const entry of body.errors as unknown[]) {
        if (typeof entry !== 'object' || entry === null) continue
        const { location, message } = entry as { location?: unknown; message?: unknown }
        if (typeof location === 'string' && typeof message === 'string')
          fields[location.replace(/^(body|query|path)\./, '')] ??= message
      }
    }
  }
  const after = Number(response.headers.get('Retry-After') ?? 0)
  return new ApiError(
    detail ?? t.errors.http(response.status),
    response.status,
    fields,
    Number.isFinite(after) ? after : 0,
  )
}

/** Whether the server answered the last call; calls of any kind tell. */
const reach = { away: false, listeners: new Set<() => void>() }

export const reachability = {
  away: (): boolean => reach.away,
  /** Notes that the server answers again. */
  back: (): void => {
    noteReach(false)
  },
  subscribe: (listener: () => void): (() => void) => {
    reach.listeners.add(listener)
    return () => {
      reach.listeners.delete(listener)
    }
  },
}

function noteReach(away: boolean): void {
  if (reach.away === away) return
  reach.away = away
  for (const listener of reach.listeners) listener()
}

async function plain(request: Request): Promise<Response> {
  try {
    const response = await fetch(request)
    noteReach(false)
    return response
  } catch (cause) {
    if (cause instanceof DOMException && (cause.name === 'AbortError' || cause.name === 'TimeoutError'))
      throw cause
    noteReach(true)
    throw new ApiError(t.errors.away, 0)
  }
}

/** Told when a sign-in that held until now is over, with the server's words. */
export type OnSignedOut = (reason: string) => void
let onSignedOut: OnSignedOut = () => undefined
export function whenSignedOut(told: OnSignedOut): () => void {
  onSignedOut = told
  return () => {
    onSignedOut = () => undefined
  }
}

/** Whether an error says that the sign-in is over. A server that is away or busy has said nothing of it. */
export const isRefusal = (error: ApiError): boolean =>
  error.status >= 400 && error.status < 500 && error.status !== 429

let renewing: Promise<ApiError | undefined> | undefined

/**
 * Renews the sign-in by the refresh cookie. Several callers share one request,
 * since a refresh token is good for one use. Resolves to why it failed.
 */
export function renew(): Promise<ApiError | undefined> {
  renewing ??= renewOnce().finally(() => {
    renewing = undefined
  })
  return renewing
}

async function renewOnce(): Promise<ApiError | undefined> {
  try {
    // Windows of one browser share the cookie: one after the other.
    return await exclusively('chatmood:renew', async () => {
      const response = await plain(
        withToken(
          new Request(apiURL('/api/refresh-token'), {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: '{}',
          }),
        ),
      )
      const body: unknown = await response.json().catch(() => undefined)
      if (!response.ok) return problemOf(body, response)
      if (typeof body === 'object' && body !== null && 'access_token' in body) {
        if (typeof body.access_token === 'string') session.keep(body.access_token)
      }
      return undefined
    })
  } catch (error) {
    return error instanceof ApiError ? error : new ApiError(t.errors.away, 0)
  }
}

async function exclusively<T>(name: string, run: () => Promise<T>): Promise<T> {
  // Browsers have locks only on https and localhost.
  return 'locks' in navigator ? await navigator.locks.request(name, run) : await run()
}

function withToken(request: Request): Request {
  if (!apiElsewhere) return request
  const token = session.token()
  if (token !== null) request.headers.set('Authorization', `Bearer ${token}`)
  return request
}

// Their 401 speaks of what was typed, not of the sign-in.
const ownAnswer =
  /\/api\/(login|register|verify-otp|resend-otp|forgot-password|reset-password|refresh-token|setup|user\/(change-password|delete-account|change-email\/))/

/**
 * fetch for the API: when the access token has run out, it is renewed without
 * a word and the request is sent again. Where that fails, the page is told that
 * the sign-in is over.
 */
export async function apiFetch(request: Request): Promise<Response> {
  const again = session.exists() ? request.clone() : undefined
  const response = await plain(withToken(request))
  if (response.status !== 401 || again === undefined || ownAnswer.test(new URL(request.url).pathname))
    return response
  const failed = await renew()
  if (failed === undefined) return plain(withToken(again))
  if (isRefusal(failed)) {
    session.drop()
    onSignedOut(failed.message)
  }
  return response
}

export interface SendOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  query?: Readonly<Record<string, string | number | boolean | undefined>>
  body?: unknown
  signal?: AbortSignal
}

/** Address of an API path with its query; what is empty is left out. */
export function apiURL(path: string, query: SendOptions['query'] = {}): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query))
    if (value !== undefined && value !== '') params.set(key, String(value))
  const text = params.toString()
  const origin = apiElsewhere ? apiBase : window.location.origin + apiBase
  return `${origin}${path}${text === '' ? '' : `?${text}`}`
}

/** Sends a request and returns the decoded answer, or throws an [ApiError]. */
export async function send<T>(path: string, options: SendOptions = {}): Promise<T> {
  const { method = 'GET', query, body, signal } = options
  const response = await apiFetch(
    new Request(apiURL(path, query), {
      method,
      ...(body === undefined
        ? {}
        : body instanceof Blob || body instanceof FormData
          ? { body }
          : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
      ...(signal === undefined ? {} : { signal }),
    }),
  )
  const answer: unknown = await response.json().catch(() => undefined)
  if (!response.ok) throw problemOf(answer, response)
  return answer as T
}
