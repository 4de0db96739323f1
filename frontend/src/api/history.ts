/** Calls about saved analyses. */
import { send } from './transport'
import type { Report } from './types'

export interface HistoryChatter {
  username: string
  count: number
}

export interface HistoryEntry {
  _id: string
  user_id: string
  streamer_name: string
  total_chats: number
  sentiment_count: { positive: number; neutral: number; negative: number }
  top_positive: HistoryChatter[]
  top_negative: HistoryChatter[]
  top_neutral: HistoryChatter[]
  /** Seconds. */
  duration: number
  summary: string
  status: 'active' | 'deleted'
  created_at: string
  updated_at: string
  origin?: 'live' | 'upload' | 'client'
  session_id?: string
  started_at?: string
  ended_at?: string
  mood?: number
  name?: string
  note?: string
  tags?: string[]
  summary_by?: string
  has_report?: boolean
}

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

export interface Share {
  id: string
  chatters: string
  created_at: string
  expires_at: string
  views: number
  viewed_at?: string
}

export interface SharedEntry {
  entry: HistoryEntry
  expires_at?: string
  chatters?: string
}

const entryPath = (id: string) => `/api/history/${encodeURIComponent(id)}`
const sharedPath = (token: string) => `/api/shared/${encodeURIComponent(token)}`

export const history = {
  list: (archived: boolean, query: HistoryQuery, signal: AbortSignal) =>
    send<Page<HistoryEntry>>(archived ? '/api/history/deleted' : '/api/history', {
      query: { ...query },
      signal,
    }),
  tags: async (signal: AbortSignal) =>
    list(await send<{ name: string; count: number }[] | null>('/api/history/tags', { signal })),
  get: (id: string, signal: AbortSignal) => send<HistoryEntry>(entryPath(id), { signal }),
  data: (id: string, signal: AbortSignal) => send<Report>(`${entryPath(id)}/data`, { signal }),
  /** Saves what the server counted of an analysis. */
  save: (channel: string, session_id: string) =>
    send<{ message: string; history_id: string }>('/api/history/save', {
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
  change: (id: string, changes: { name?: string; note?: string; tags?: string[] }) =>
    send<HistoryEntry>(entryPath(id), { method: 'PATCH', body: changes }),
  archive: (id: string) => send<unknown>(entryPath(id), { method: 'DELETE' }),
  restore: (id: string) => send<HistoryEntry>(`${entryPath(id)}/restore`, { method: 'POST', body: {} }),
  remove: (id: string) => send<unknown>(entryPath(id), { method: 'DELETE', query: { permanent: true } }),
  summarize: (id: string, writer: 'rules' | 'model') =>
    send<HistoryEntry>(`${entryPath(id)}/summary`, { method: 'POST', body: { writer } }),
  reportPath: (id: string) => `${entryPath(id)}/report`,

  shares: async (id: string, signal: AbortSignal) =>
    list(await send<Share[] | null>(`${entryPath(id)}/shares`, { signal })),
  share: (id: string, expires_in_hours: number, chatters: string) =>
    send<{ share: Share; link: string; token: string }>(`${entryPath(id)}/shares`, {
      method: 'POST',
      body: { expires_in_hours, chatters },
    }),
  revoke: (id: string, shareId: string) =>
    send<unknown>(`${entryPath(id)}/shares/${encodeURIComponent(shareId)}`, { method: 'DELETE' }),

  shared: (token: string, signal: AbortSignal) => send<SharedEntry>(sharedPath(token), { signal }),
  sharedData: (token: string, signal: AbortSignal) => send<Report>(`${sharedPath(token)}/data`, { signal }),
  sharedReportPath: (token: string) => `${sharedPath(token)}/report`,
}

const list = <T>(items: T[] | null): T[] => items ?? []
