import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, within } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import { api } from '../../api/client'
import { LearnedEmotes } from './LearnedEmotes'

afterEach(() => {
  cleanup()
  vi.restoreAllMocks()
})

type Learned = Awaited<ReturnType<typeof api.learned>>
type Emote = Learned['emotes'][number]

const emote = (name: string, state: Emote['state'], more: Partial<Emote> = {}): Emote => ({
  emote: name,
  value: 0.4,
  people: 12,
  evidence: 30.4,
  state,
  active: state !== 'heard',
  frozen: state === 'frozen',
  admin: false,
  seen: '2026-03-01T12:00:00Z',
  ...more,
})

function show(emotes: Emote[], mayChange: boolean) {
  const asked = vi
    .spyOn(api, 'learned')
    .mockImplementation(() => Promise.resolve({ running: true, may_change: mayChange, emotes } as Learned))
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <LearnedEmotes channel="somebody" />
    </QueryClientProvider>,
  )
  return asked
}

test('whoever only watches sees what was learnt, and no more than that', async () => {
  show([emote('zorpQux', 'learnt'), emote('zorpHm', 'heard')], false)
  const row = within((await screen.findByText('zorpQux')).closest('li') ?? document.body)
  row.getByText('+0.40')
  row.getByText('learnt')
  expect(screen.getByText('zorpQux').title).toBe('Learnt from 12 people and 30 messages')
  expect(screen.queryByText('zorpHm')).toBeNull() // too few have said it
  expect(screen.queryByRole('button')).toBeNull()
})

test('says when nothing is known yet', async () => {
  show([emote('zorpHm', 'heard')], true)
  await screen.findByText(/at least five people/)
})

test('corrects, freezes and releases an emote, and asks anew each time', async () => {
  const emotes = [emote('zorpQux', 'learnt'), emote('zorpBad', 'corrected', { value: -0.8 })]
  const asked = show(emotes, true)
  const teach = vi.spyOn(api, 'teach').mockResolvedValue({} as never)
  const release = vi.spyOn(api, 'release').mockResolvedValue({} as never)
  const open = await screen.findByRole('button', { name: /Change what zorpQux means/ })
  expect(open.getAttribute('aria-expanded')).toBe('false')
  fireEvent.click(open)
  expect(open.getAttribute('aria-expanded')).toBe('true')
  const group = within(screen.getByRole('group', { name: 'Change what zorpQux means' }))
  const press = async (name: string) => {
    const before = asked.mock.calls.length
    const button = group.getByRole('button', { name })
    await vi.waitFor(
      () => {
        expect(button).toHaveProperty('disabled', false)
      },
      { timeout: 10_000 },
    )
    fireEvent.click(button)
    await vi.waitFor(
      () => {
        expect(asked.mock.calls.length).toBeGreaterThan(before)
      },
      { timeout: 10_000 },
    )
  }
  await press('Bad')
  expect(teach).toHaveBeenLastCalledWith('somebody', 'zorpQux', { value: -0.8 })
  await press('Freeze')
  expect(teach).toHaveBeenLastCalledWith('somebody', 'zorpQux', { frozen: true })
  await press('Release')
  expect(release).toHaveBeenCalledWith('somebody', 'zorpQux')
  // Another's choices open in its place, with what holds now pressed.
  fireEvent.click(screen.getByRole('button', { name: 'corrected: Change what zorpBad means' }))
  expect(screen.queryByRole('group', { name: 'Change what zorpQux means' })).toBeNull()
  const other = within(screen.getByRole('group', { name: 'Change what zorpBad means' }))
  expect(other.getByRole('button', { name: 'Bad' }).getAttribute('aria-pressed')).toBe('true')
  expect(other.getByRole('button', { name: 'Good' }).getAttribute('aria-pressed')).toBe('false')
})

test('says why a change did not work', async () => {
  show([emote('zorpQux', 'frozen')], true)
  vi.spyOn(api, 'teach').mockRejectedValue(new Error('the line is cut'))
  fireEvent.click(await screen.findByRole('button', { name: /Change what zorpQux means/ }))
  const freeze = screen.getByRole('button', { name: 'Freeze' })
  expect(freeze.getAttribute('aria-pressed')).toBe('true')
  fireEvent.click(freeze)
  expect((await screen.findByRole('alert')).textContent).toContain('Try again')
})

test('says when it cannot be read', async () => {
  vi.spyOn(api, 'learned').mockRejectedValue(new Error('the line is cut'))
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <LearnedEmotes channel="somebody" />
    </QueryClientProvider>,
  )
  await screen.findByRole('button', { name: /again/i })
})
