import createClient from 'openapi-fetch'
import { t } from '../i18n'
import type { paths } from './schema'

/**
 * Where the API is: the page's own origin unless VITE_API_URL names another
 * when the page is built.
 */
const configured: unknown = import.meta.env.VITE_API_URL
export const apiBase = (typeof configured === 'string' ? configured : '').replace(/\/+$/, '')

/** Address of a channel's live socket, without the query. */
export function liveURL(channel: string): string {
  const base = apiBase === '' ? window.location.origin : apiBase
  return `${base.replace(/^http/, 'ws')}/ws/chat/${encodeURIComponent(channel)}`
}

/** An answer that is no success. The message is a sentence for people. */
export class ApiError extends Error {
  override name = 'ApiError'
  constructor(
    message: string,
    /** The HTTP status; 0 where the server could not be reached. */
    readonly status: number,
  ) {
    super(message)
  }
}

const client = createClient<paths>({ baseUrl: apiBase })

/** What a call of the client comes to. */
interface Outcome<T> {
  data?: T
  error?: unknown
  response: Response
}

/** Turns an outcome into its data, or throws an [ApiError]. */
async function data<T>(call: Promise<Outcome<T>>): Promise<T> {
  let outcome: Outcome<T>
  try {
    outcome = await call
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiError(t.errors.away, 0)
  }
  const { data, error, response } = outcome
  if (data === undefined)
    throw new ApiError(detailOf(error) ?? t.errors.http(response.status), response.status)
  return data
}

function detailOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('detail' in body)) return undefined
  return typeof body.detail === 'string' && body.detail !== '' ? body.detail : undefined
}

export const api = {
  info: (signal: AbortSignal) => data(client.GET('/api/info', { signal })),
  channels: (signal: AbortSignal) => data(client.GET('/api/channels', { signal })),
  connect: (url: string) => data(client.POST('/api/twitch/connect', { body: { url } })),
  disconnect: (channel: string) => data(client.POST('/api/twitch/disconnect', { body: { channel } })),
  timeline: (channel: string, step: 0 | 1 | 10 | 60, from: Date | undefined, signal: AbortSignal) =>
    data(
      client.GET('/api/channels/{channel}/timeline', {
        params: {
          path: { channel },
          query: { step, ...(from === undefined ? {} : { from: from.toISOString() }) },
        },
        signal,
      }),
    ),
  /** Pages of finished sessions; an empty channel means all, an empty before the first page. */
  sessions: (
    { channel, before, limit }: { channel: string; before: string; limit: number },
    signal: AbortSignal,
  ) =>
    data(
      client.GET('/api/sessions', {
        params: {
          query: { limit, ...(channel === '' ? {} : { channel }), ...(before === '' ? {} : { before }) },
        },
        signal,
      }),
    ),
  session: (id: string, signal: AbortSignal) =>
    data(client.GET('/api/sessions/{id}', { params: { path: { id } }, signal })),
}
