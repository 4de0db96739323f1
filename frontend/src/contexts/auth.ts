import { createContext, useContext } from 'react'
import type { SignIn, User } from '../api/account'

/** Who uses the page. */
export interface Auth {
  /** undefined while it is not known yet, null for a guest. */
  user: User | null | undefined
  isAdmin: boolean
  /** Takes the answer of a sign-in. */
  signedIn: (answer: SignIn) => void
  /** Takes what the server says of the user after a change. */
  setUser: (user: User) => void
  /** Signs out here and at the server. */
  signOut: () => Promise<void>
  /** Forgets the sign-in after the server ended it; a reason is told as a message. */
  ended: (reason?: string) => void
}

export const AuthContext = createContext<Auth | undefined>(undefined)

export function useAuth(): Auth {
  const value = useContext(AuthContext)
  if (value === undefined) throw new Error('useAuth needs an AuthProvider above it')
  return value
}
