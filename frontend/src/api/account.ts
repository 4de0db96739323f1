/** Calls about accounts: signing in, registering, and what a user changes. */
import { send } from './transport'

export interface User {
  id: string
  email: string
  first_name: string
  last_name: string
  role: string
  profile_image: string | null
}

export interface SignIn {
  access_token: string
  expires_in: number
  refresh_token: string
  user: User
}

export interface Told {
  message: string
  /** When the mailed code or link runs out, where the answer tells. */
  expires_at?: string
}

export interface Sign {
  id: string
  current: boolean
  created_at: string
  last_used_at: string
  expires_at: string
  address: string
  user_agent: string
}

export interface Names {
  first_name: string
  last_name: string
}

const post = <T>(path: string, body: unknown = {}) => send<T>(path, { method: 'POST', body })

export const account = {
  me: async (signal: AbortSignal) => (await send<{ user: User }>('/api/authenticate', { signal })).user,
  login: (email: string, password: string) => post<SignIn>('/api/login', { email, password }),
  logout: () => post<Told>('/api/logout'),
  register: (form: Names & { email: string; password: string; invite?: string }) =>
    post<Told & { email: string }>('/api/register', form),
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
    send<{ valid: boolean }>(`/api/setup/${encodeURIComponent(token)}`, { signal }),
  setup: (form: Names & { token: string; email: string; password: string }) => post<Told>('/api/setup', form),
  invite: (code: string, signal: AbortSignal) =>
    send<{ valid: boolean; email?: string }>(`/api/invites/${encodeURIComponent(code)}`, { signal }),
  contact: (form: { name: string; email: string; subject: string; message: string }) =>
    post<Told>('/api/contact', form),

  rename: (names: Names) => send<Told & { user: User }>('/api/user/profile', { method: 'PUT', body: names }),
  setImage: (image: string) =>
    send<Told & { user: User }>('/api/user/profile-image', { method: 'PUT', body: { image } }),
  removeImage: () => send<Told & { user: User }>('/api/user/profile-image', { method: 'DELETE' }),
  changePassword: (old_password: string, new_password: string) =>
    post<Told>('/api/user/change-password', { old_password, new_password }),
  remove: (password: string) =>
    send<Told>('/api/user/delete-account', { method: 'DELETE', body: { password } }),
  emailRequest: (new_email: string, password: string) =>
    post<Told & { current_email: string }>('/api/user/change-email/request', { new_email, password }),
  emailCurrent: (otp: string) =>
    post<Told & { new_email: string }>('/api/user/change-email/verify-current', { otp }),
  emailNew: (otp: string) => post<Told & { user: User }>('/api/user/change-email/verify-new', { otp }),
  emailCancel: () => post<Told>('/api/user/change-email/cancel'),
  sessions: (signal: AbortSignal) => send<Sign[]>('/api/user/sessions', { signal }),
  endSession: (id: string) =>
    send<unknown>(`/api/user/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' }),
  endSessions: (keepCurrent: boolean) =>
    send<unknown>('/api/user/sessions', { method: 'DELETE', query: { keep_current: keepCurrent } }),
  preferences: (signal: AbortSignal) => send<{ auto_save: boolean }>('/api/user/preferences', { signal }),
  setPreferences: (auto_save: boolean) =>
    send<{ auto_save: boolean }>('/api/user/preferences', { method: 'PUT', body: { auto_save } }),
}

export const nameOf = (user: Pick<User, 'first_name' | 'last_name' | 'email'>): string =>
  `${user.first_name} ${user.last_name}`.trim() || user.email
