/** Calls about saved analyses. */
import { timeZone } from '../lib/format'
import { send } from './transport'
import type { components } from './schema'
import type { Report } from './types'

type Schemas = components['schemas']

export type HistoryEntry = Schemas['HistoryDocument']
export type SharedAnalysis = Schemas['SharedAnalysis']
export type ShareLink = Schemas['SharedLink']
/** What is shown of an analysis, whether it is the reader's own or was shared. */
export type ShownEntry = Omit<SharedAnalysis, 'chatters' | 'expires_at'>

export interface Page<T> {
  items: T[]
  total: number
  page: number
  pages: number
  limit: number
}

export interface HistoryQuery {
  page: number
  limit: number
  search: string
  sort: string
  direction: 'asc' | 'desc'
  from: string
  to: string
  tag: string
  channel: string
}

const entryPath = (id: string) => `/api/history/${encodeURIComponent(id)}`
const sharedPath = (token: string) => `/api/shared/${encodeURIComponent(token)}`

export const history = {
  list: (archived: boolean, query: HistoryQuery, signal: AbortSignal) =>
    send<Page<HistoryEntry>>(archived ? '/api/history/deleted' : '/api/history', {
      query: { ...query, ...(query.from === '' && query.to === '' ? {} : { tz: timeZone() }) },
      signal,
    }),
  tags: async (signal: AbortSignal) =>
    (await send<Schemas['HistoryTags']>('/api/history/tags', { signal })).tags,
  get: (id: string, signal: AbortSignal) => send<HistoryEntry>(entryPath(id), { signal }),
  data: (id: string, signal: AbortSignal) => send<Report>(`${entryPath(id)}/data`, { signal }),
  /** Saves what the server counted of an analysis. */
  save: (channel: string, session_id: string) =>
    send<Schemas['Saved']>('/api/history/save', {
      method: 'POST',
      // The old system's fields are required; the server puts its own figures in their place.
      body: {
        streamer_name: channel,
        session_id,
        total_chats: 0,
        sentiment_count: { positive: 0, neutral: 0, negative: 0 },
        top_positive: [],
        top_negative: [],
        top_neutral: [],
      },
    }),
  change: (id: string, changes: Schemas['HistoryChanges']) =>
    send<HistoryEntry>(entryPath(id), { method: 'PATCH', body: changes }),
  archive: (id: string) => send<unknown>(entryPath(id), { method: 'DELETE' }),
  restore: (id: string) => send<HistoryEntry>(`${entryPath(id)}/restore`, { method: 'POST', body: {} }),
  remove: (id: string) => send<unknown>(entryPath(id), { method: 'DELETE', query: { permanent: true } }),
  summarize: (id: string, writer: 'rules' | 'model') =>
    send<Schemas['Summarized']>(`${entryPath(id)}/summary`, { method: 'POST', body: { writer } }),
  reportPath: (id: string) => `${entryPath(id)}/report`,

  shares: async (id: string, signal: AbortSignal) =>
    (await send<Schemas['ShareList']>(`${entryPath(id)}/shares`, { signal })).shares,
  share: (id: string, expires_in_hours: number, chatters: string) =>
    send<Schemas['Shared']>(`${entryPath(id)}/shares`, {
      method: 'POST',
      body: { expires_in_hours, chatters },
    }),
  revoke: (id: string, shareId: string) =>
    send<unknown>(`${entryPath(id)}/shares/${encodeURIComponent(shareId)}`, { method: 'DELETE' }),

  shared: (token: string, signal: AbortSignal) => send<SharedAnalysis>(sharedPath(token), { signal }),
  sharedData: (token: string, signal: AbortSignal) => send<Report>(`${sharedPath(token)}/data`, { signal }),
  sharedReportPath: (token: string) => `${sharedPath(token)}/report`,
}
