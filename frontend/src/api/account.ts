/** Calls about accounts: signing in, registering, and what a user changes. */
import type { components } from './schema'
import { send } from './transport'

type Schemas = components['schemas']

export type User = Schemas['User6']
export type SignIn = Schemas['SignedInBody']
export type SignInSession = Schemas['SignInSession']
type Told = Schemas['Message']
type Changed = Schemas['UserMessage']

/** How long a mailed code is valid, ms. */
export const codeLife = 10 * 60_000

export interface Names {
  first_name: string
  last_name: string
}

const post = <T>(path: string, body: unknown = {}) => send<T>(path, { method: 'POST', body })

export const account = {
  me: async (signal: AbortSignal) =>
    (await send<Schemas['CurrentUser']>('/api/authenticate', { signal })).user,
  login: (email: string, password: string) => post<SignIn>('/api/login', { email, password }),
  logout: () => post<Told>('/api/logout'),
  register: (form: Names & { email: string; password: string; invite?: string }) =>
    post<Schemas['Registered']>('/api/register', form),
  verify: (email: string, otp: string) => post<Told>('/api/verify-otp', { email, otp }),
  resend: (email: string) => post<Told>('/api/resend-otp', { email }),
  forgot: (email: string) => post<Told>('/api/forgot-password', { email }),
  validateReset: (userId: string, token: string, signal: AbortSignal) =>
    send<Told>(`/api/validate-reset-token/${encodeURIComponent(userId)}/${encodeURIComponent(token)}`, {
      signal,
    }),
  reset: (userId: string, token: string, password: string) =>
    post<Told>('/api/reset-password', { userId, token, password }),
  setupValid: (token: string, signal: AbortSignal) =>
    send<Schemas['SetupCheck']>(`/api/setup/${encodeURIComponent(token)}`, { signal }),
  setup: (form: Names & { token: string; email: string; password: string }) =>
    post<SignIn>('/api/setup', form),
  invite: (code: string, signal: AbortSignal) =>
    send<Schemas['InviteCheck']>(`/api/invites/${encodeURIComponent(code)}`, { signal }),
  contact: (form: { name: string; email: string; subject: string; message: string }) =>
    post<Told>('/api/contact', form),

  rename: (names: Names) => send<Changed>('/api/user/profile', { method: 'PUT', body: names }),
  setImage: (image: string) => send<Changed>('/api/user/profile-image', { method: 'PUT', body: { image } }),
  removeImage: () => send<Changed>('/api/user/profile-image', { method: 'DELETE' }),
  changePassword: (old_password: string, new_password: string) =>
    post<Told>('/api/user/change-password', { old_password, new_password }),
  remove: (password: string) =>
    send<Told>('/api/user/delete-account', { method: 'DELETE', body: { password } }),
  emailRequest: (new_email: string, password: string) =>
    post<Schemas['EmailChangeStarted']>('/api/user/change-email/request', { new_email, password }),
  emailCurrent: (otp: string) =>
    post<Schemas['EmailChangeProved']>('/api/user/change-email/verify-current', { otp }),
  emailNew: (otp: string) => post<Changed>('/api/user/change-email/verify-new', { otp }),
  emailCancel: () => post<Told>('/api/user/change-email/cancel'),
  sessions: async (signal: AbortSignal) =>
    (await send<SignInSession[] | null>('/api/user/sessions', { signal })) ?? [],
  endSession: (id: string) =>
    send<unknown>(`/api/user/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' }),
  endSessions: (keepCurrent: boolean) =>
    send<unknown>('/api/user/sessions', { method: 'DELETE', query: { keep_current: keepCurrent } }),
  preferences: (signal: AbortSignal) => send<Schemas['Preferences']>('/api/user/preferences', { signal }),
  setPreferences: (auto_save: boolean) =>
    send<Schemas['Preferences']>('/api/user/preferences', { method: 'PUT', body: { auto_save } }),
}

export const nameOf = (user: Pick<User, 'first_name' | 'last_name' | 'email'>): string =>
  `${user.first_name} ${user.last_name}`.trim() || user.email
