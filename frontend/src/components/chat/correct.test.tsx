import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import { api } from '../../api/client'
import { AuthContext, type Auth } from '../../contexts/auth'
import { parseMessage } from '../../live/protocol'
import { wireMessage } from '../../live/testing'
import { CorrectLabel } from './CorrectLabel'

afterEach(() => {
  cleanup()
  vi.restoreAllMocks()
})

function show(user: Auth['user']) {
  const auth: Auth = {
    user,
    isAdmin: false,
    signedIn: () => undefined,
    setUser: () => undefined,
    signOut: () => Promise.resolve(),
    ended: () => undefined,
  }
  const message = parseMessage(wireMessage(1))
  if (message === undefined) throw new Error('the message was refused')
  render(
    <QueryClientProvider client={new QueryClient()}>
      <AuthContext value={auth}>
        <CorrectLabel message={message} channel="somebody" />
      </AuthContext>
    </QueryClientProvider>,
  )
  return message
}

const nora = { id: '1', first_name: 'Nora' } as unknown as NonNullable<Auth['user']>

test('says what it does, that it was done, and takes it back', async () => {
  const correct = vi.spyOn(api, 'correct').mockResolvedValue({} as never)
  const uncorrect = vi.spyOn(api, 'uncorrect').mockResolvedValue({ restored: true })
  const message = show(nora)
  screen.getByText(/everybody who watches sees it/)
  fireEvent.click(screen.getByRole('button', { name: 'negative' }))
  await screen.findByText('Done: this message counts as negative now.')
  expect(correct).toHaveBeenCalledWith('somebody', message, 'negative')
  expect(screen.getByRole('button', { name: 'negative' }).getAttribute('aria-pressed')).toBe('true')
  fireEvent.click(screen.getByRole('button', { name: 'Undo' }))
  await screen.findByText(/your correction is gone/)
  expect(uncorrect).toHaveBeenCalledWith('somebody', message.id)
  expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull()
})

test('says why it did not work', async () => {
  vi.spyOn(api, 'correct').mockRejectedValue(new Error('the line is cut'))
  show(nora)
  fireEvent.click(screen.getByRole('button', { name: 'neutral' }))
  expect((await screen.findByRole('alert')).textContent).toContain('Try again')
})

test('asks guests to sign in', () => {
  show(null)
  screen.getByText('Sign in to correct a label.')
  expect(screen.queryByRole('button')).toBeNull()
})
