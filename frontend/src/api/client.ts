import { t } from '../i18n'
import type { ChannelSummary, Info, Report, SessionList, Timeline } from './types'

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

async function request<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response
  try {
    response = await fetch(apiBase + path, init)
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiError(t.errors.away, 0)
  }
  const body: unknown = await response.json().catch(() => undefined)
  if (!response.ok) throw new ApiError(detailOf(body) ?? t.errors.http(response.status), response.status)
  return body as T
}

function detailOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('detail' in body)) return undefined
  return typeof body.detail === 'string' && body.detail !== '' ? body.detail : undefined
}

const post = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
})

export const api = {
  info: (signal: AbortSignal) => request<Info>('/api/info', { signal }),
  channels: (signal: AbortSignal) => request<{ channels: ChannelSummary[] }>('/api/channels', { signal }),
  connect: (url: string) =>
    request<{ message: string; channel: string }>('/api/twitch/connect', post({ url })),
  disconnect: (channel: string) => request<{ message: string }>('/api/twitch/disconnect', post({ channel })),
  timeline: (channel: string, step: 0 | 1 | 10 | 60, from: Date, signal: AbortSignal) =>
    request<Timeline>(
      `/api/channels/${encodeURIComponent(channel)}/timeline?step=${step}&from=${encodeURIComponent(from.toISOString())}`,
      { signal },
    ),
  sessions: (query: { channel: string; before: string; limit: number }, signal: AbortSignal) => {
    const params = new URLSearchParams({ limit: String(query.limit) })
    if (query.channel !== '') params.set('channel', query.channel)
    if (query.before !== '') params.set('before', query.before)
    return request<SessionList>(`/api/sessions?${params.toString()}`, { signal })
  },
  session: (id: string, signal: AbortSignal) =>
    request<Report>(`/api/sessions/${encodeURIComponent(id)}`, { signal }),
}
