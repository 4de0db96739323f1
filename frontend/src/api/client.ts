import createClient from 'openapi-fetch'
import type { paths } from './schema'
import { subprotocol, type Label } from '../live/protocol'
import { session } from './session'
import type { Info } from './types'
import type { LiveAuth } from '../live/connection'
import { apiBase, ApiError, apiElsewhere, apiFetch, apiURL, isRefusal, problemOf, renew } from './transport'

export { apiBase, ApiError }

/** Address of a channel's live socket, without the query. */
export function liveURL(channel: string): string {
  const base = apiElsewhere ? apiBase : window.location.origin + apiBase
  return `${base.replace(/^http/, 'ws')}/ws/chat/${encodeURIComponent(channel)}`
}

/** The same as an event stream. */
export const eventsURL = (channel: string): string =>
  apiURL(`/api/sse/chat/${encodeURIComponent(channel)}`, { dialect: subprotocol })

/**
 * How a live socket is signed in: by a token where the API is on another host,
 * which gets no cookies of this page; undefined where the cookie does it.
 */
export const liveAuth: LiveAuth | undefined = apiElsewhere
  ? {
      token: () => session.token(),
      renew: async () => {
        const failed = await renew()
        return failed === undefined ? 'renewed' : isRefusal(failed) ? 'refused' : 'away'
      },
      subscribe: (told) => session.subscribe(told),
    }
  : undefined

const client = createClient<paths>({ baseUrl: apiBase, fetch: apiFetch })

/** What a call of the client comes to. */
interface Outcome<T> {
  data?: T
  error?: unknown
  response: Response
}

/** Turns an outcome into its data, or throws an [ApiError]. */
async function data<T>(call: Promise<Outcome<T>>): Promise<T> {
  const { data, error, response } = await call
  if (data === undefined) throw problemOf(error, response)
  return data
}

export const api = {
  info: (signal: AbortSignal): Promise<Info> => data(client.GET('/api/info', { signal })),
  channels: (signal: AbortSignal) => data(client.GET('/api/channels', { signal })),
  // A guest holds a channel by a cookie of its own.
  connect: (url: string) =>
    data(
      session.exists()
        ? client.POST('/api/twitch/connect', { body: { url } })
        : client.POST('/api/twitch/connect-guest', { body: { url } }),
    ),
  /** What each piece of a text adds to its score. */
  explain: async (text: string, channel: string, signal: AbortSignal) =>
    (
      await data(
        client.POST('/api/sentiment', {
          body: { text: text.slice(0, 2000), explain: true, ...(channel === '' ? {} : { channel }) },
          signal,
        }),
      )
    ).results[0],
  /** Gives a message of a running analysis another label. */
  correct: (channel: string, message: { id: string; text: string }, label: Label) =>
    data(
      client.POST('/api/channels/{channel}/corrections', {
        params: { path: { channel } },
        body: { message_id: message.id, label, text: message.text.slice(0, 2000) },
      }),
    ),
  uncorrect: (channel: string, id: string) =>
    data(
      client.DELETE('/api/channels/{channel}/corrections/{message_id}', {
        params: { path: { channel, message_id: id } },
      }),
    ),
  /** What a channel's own emotes have been learnt to mean. */
  learned: (channel: string, signal: AbortSignal) =>
    data(client.GET('/api/channels/{channel}/learned', { params: { path: { channel } }, signal })),
  teach: (channel: string, token: string, change: { value?: number; frozen?: boolean }) =>
    data(
      client.PUT('/api/channels/{channel}/learned/{token}', {
        params: { path: { channel, token } },
        body: change,
      }),
    ),
  release: (channel: string, token: string) =>
    data(client.DELETE('/api/channels/{channel}/learned/{token}', { params: { path: { channel, token } } })),
  disconnect: (channel: string) =>
    data(
      session.exists()
        ? client.POST('/api/twitch/disconnect', { body: { channel } })
        : client.POST('/api/twitch/disconnect-guest', { body: { channel } }),
    ),
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
