/** Calls of administrators. */
import type { HistoryEntry, Page } from './history'
import type { components } from './schema'
import { send } from './transport'
import type { Report } from './types'

type Schemas = components['schemas']

export type AdminUser = Schemas['AdminUser']
export type LogEntry = Schemas['LogPage']['logs'][number]
export type Invite = Schemas['Invitation']
export type RunningChannel = Schemas['AdminChannel']
export type Sockets = Schemas['Sockets']
export type QueuedMail = Schemas['OutboxView']['waiting'][number]
export type MailStats = Schemas['OutboxView']['stats']
export type UsageDay = Schemas['UsageDay']
export type Overview = Schemas['Overview']
export type Check = Overview['store']
export type Retention = Schemas['Retention']
export type Retained = Retention['logs']
export type Examination = Schemas['Examination']
export type Finding = Examination['findings'][number]
export type FindingStatus = Finding['status']

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
  retention: (signal: AbortSignal) => send<Retention>('/api/admin/retention', { signal }),
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
  user: (userId: string, signal: AbortSignal) =>
    send<AdminUser>(`/api/admin/users/${id(userId)}`, { signal }),
  createUser: (form: UserForm & { password: string }) => post<AdminUser>('/api/admin/users', form),
  changeUser: (userId: string, form: UserForm & { status: string }) =>
    send<AdminUser>(`/api/admin/users/${id(userId)}`, { method: 'PUT', body: form }),
  removeUser: (userId: string) => send<unknown>(`/api/admin/users/${id(userId)}`, { method: 'DELETE' }),
  signOutUser: (userId: string) => post<unknown>(`/api/admin/users/${id(userId)}/sign-out`),
  resetUser: (userId: string) =>
    post<Schemas['ResetOffered']>(`/api/admin/users/${id(userId)}/reset-password`),
  /** Anybody's saved analysis and its report; each look is logged. */
  historyEntry: (entryId: string, signal: AbortSignal) =>
    send<HistoryEntry>(`/api/admin/history/${id(entryId)}`, { signal }),
  historyData: (entryId: string, signal: AbortSignal) =>
    send<Report>(`/api/admin/history/${id(entryId)}/data`, { signal }),
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
  ) => send<Schemas['LogPage']>('/api/admin/logs', { query, signal }),
  activities: async (signal: AbortSignal) =>
    (await send<string[] | null>('/api/admin/logs/activities', { signal })) ?? [],
  cleanUp: (days_to_keep: number) => post<Schemas['CleanedUp']>('/api/admin/logs/cleanup', { days_to_keep }),

  invites: async (signal: AbortSignal) =>
    (await send<Invite[] | null>('/api/admin/invites', { signal })) ?? [],
  invite: (form: { email?: string; role: string; uses: number; expires_in_hours: number }) =>
    post<Schemas['Invited']>('/api/admin/invites', form),
  revokeInvite: (inviteId: string) =>
    send<unknown>(`/api/admin/invites/${id(inviteId)}`, { method: 'DELETE' }),

  channels: async (signal: AbortSignal) =>
    (await send<RunningChannel[] | null>('/api/admin/channels', { signal })) ?? [],
  stopChannel: (channel: string) => send<unknown>(`/api/admin/channels/${id(channel)}`, { method: 'DELETE' }),
  sockets: (signal: AbortSignal) => send<Sockets>('/api/admin/sockets', { signal }),

  mail: (signal: AbortSignal) =>
    send<Schemas['OutboxView']>('/api/admin/mail', {
      signal,
    }),
  retryMail: (mailId: string) => post<unknown>(`/api/admin/mail/${id(mailId)}/retry`),
  testMail: (to: string) => post<Schemas['Message']>('/api/admin/mail/test', { to }),
}
