/** Calls of administrators. */
import type { HistoryEntry, Page } from './history'
import { send } from './transport'

export interface AdminUser {
  _id: string
  first_name: string
  last_name: string
  email: string
  role: string
  status: 'active' | 'not_active' | 'suspended'
  created_at: string
  updated_at: string
  profile_image: string | null
}

export interface LogEntry {
  _id: string
  user_id: string
  user_name: string
  activity: string
  details: string
  created_at: string
}

export interface Invite {
  id: string
  email: string
  role: string
  uses: number
  used: number
  created_by: string
  created_at: string
  expires_at: string
}

export interface RunningChannel {
  channel: string
  started_at: string
  state: string
  viewers: number
  holders: { user_id: string; name: string; email: string; since: string }[]
  messages_per_minute: number
  total: number
}

export interface Sockets {
  total: number
  by_channel: { channel: string; count: number }[]
  by_user: { user_id: string; name: string; email: string; count: number }[]
}

export interface QueuedMail {
  id: string
  kind: string
  to: string
  subject: string
  created_at: string
  next_at?: string
  dead_at?: string
  attempts: number
  reason: string
}

export interface MailStats {
  waiting: number
  dead: number
  oldest?: string
}

export interface UsageDay {
  day: string
  sign_ins: number
  failed_sign_ins: number
  registrations: number
  started: number
  saved: number
  messages: number
}

export interface Overview {
  users: { total: number; active: number; admins: number }
  usage: UsageDay
  saved: number
  messages: number
  channels: { running: number; limit: number }
  sockets: number
  mail: MailStats
  mail_by: 'smtp' | 'folder' | 'off'
  store: Check
  checks: Record<string, Check>
  version: string
  /** Seconds. */
  uptime: number
}

export interface Check {
  status: 'up' | 'down'
  required: boolean
  detail?: string
}

export type FindingStatus = 'ok' | 'skipped' | 'warning' | 'failed'

export interface Finding {
  check: string
  group: string
  status: FindingStatus
  seen: string
  why?: string
  mend?: string
}

export interface Examination {
  at: string
  worst: 'ok' | 'warning' | 'failed'
  findings: Finding[]
}

export interface UserForm {
  first_name: string
  last_name: string
  email: string
  role: string
}

const id = encodeURIComponent
const post = <T>(path: string, body: unknown = {}) => send<T>(path, { method: 'POST', body })

export const admin = {
  overview: (signal: AbortSignal) => send<Overview>('/api/admin/overview', { signal }),
  doctor: (signal: AbortSignal) => send<Examination>('/api/admin/doctor', { signal }),
  usage: async (days: number, signal: AbortSignal) =>
    (await send<UsageDay[] | null>('/api/admin/usage', { query: { days }, signal })) ?? [],

  users: (
    query: {
      page: number
      limit: number
      search: string
      role: string
      status: string
      sort: string
      direction: string
    },
    signal: AbortSignal,
  ) => send<Page<AdminUser>>('/api/admin/users', { query, signal }),
  createUser: (form: UserForm & { password: string }) => post<AdminUser>('/api/admin/users', form),
  changeUser: (userId: string, form: UserForm & { status: string }) =>
    send<AdminUser>(`/api/admin/users/${id(userId)}`, { method: 'PUT', body: form }),
  removeUser: (userId: string) => send<unknown>(`/api/admin/users/${id(userId)}`, { method: 'DELETE' }),
  signOutUser: (userId: string) => post<unknown>(`/api/admin/users/${id(userId)}/sign-out`),
  resetUser: (userId: string) =>
    post<{ message: string; link?: string }>(`/api/admin/users/${id(userId)}/reset-password`),
  userHistory: (userId: string, page: number, signal: AbortSignal) =>
    send<Page<HistoryEntry>>(`/api/admin/users/${id(userId)}/history`, {
      query: { page, limit: 20 },
      signal,
    }),

  logs: (
    query: {
      page: number
      limit: number
      search: string
      sortField: string
      sortDirection: string
      activity: string
      from: string
      to: string
    },
    signal: AbortSignal,
  ) => send<{ logs: LogEntry[]; totalItems: number }>('/api/admin/logs', { query, signal }),
  activities: async (signal: AbortSignal) =>
    (await send<string[] | null>('/api/admin/logs/activities', { signal })) ?? [],
  cleanUp: (days_to_keep: number) =>
    post<{ message: string; deleted_count: number }>('/api/admin/logs/cleanup', { days_to_keep }),

  invites: async (signal: AbortSignal) =>
    (await send<Invite[] | null>('/api/admin/invites', { signal })) ?? [],
  invite: (form: { email?: string; role: string; uses: number; expires_in_hours: number }) =>
    post<{ link: string; invite: Invite }>('/api/admin/invites', form),
  revokeInvite: (inviteId: string) =>
    send<unknown>(`/api/admin/invites/${id(inviteId)}`, { method: 'DELETE' }),

  channels: async (signal: AbortSignal) =>
    (await send<RunningChannel[] | null>('/api/admin/channels', { signal })) ?? [],
  stopChannel: (channel: string) => send<unknown>(`/api/admin/channels/${id(channel)}`, { method: 'DELETE' }),
  sockets: (signal: AbortSignal) => send<Sockets>('/api/admin/sockets', { signal }),

  mail: (signal: AbortSignal) =>
    send<{ waiting: QueuedMail[] | null; dead: QueuedMail[] | null; stats: MailStats }>('/api/admin/mail', {
      signal,
    }),
  retryMail: (mailId: string) => post<unknown>(`/api/admin/mail/${id(mailId)}/retry`),
  testMail: (to: string) => post<{ message: string }>('/api/admin/mail/test', { to }),
}
