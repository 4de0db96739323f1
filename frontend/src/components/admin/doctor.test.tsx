import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, expect, test } from 'vitest'
import type { Examination } from '../../api/admin'
import { Findings } from './Doctor'

afterEach(cleanup)

const examination: Examination = {
  at: '2026-01-31T20:00:00Z',
  worst: 'failed',
  findings: [
    { check: 'disk', group: 'This machine', status: 'ok', seen: '12.0 GB free' },
    {
      check: 'SECRET_KEY',
      group: 'Configuration',
      status: 'warning',
      seen: 'it has 12 bytes',
      why: 'Whoever guesses it signs in as anybody.',
      mend: 'SECRET_KEY=$(openssl rand -hex 32)',
    },
    { check: 'clock', group: 'This machine', status: 'skipped', seen: 'not told' },
    { check: 'Twitch', group: 'Network', status: 'failed', seen: 'refused', why: 'Chat.', mend: 'start it' },
  ],
}

const names = () => screen.getAllByRole('listitem').map((li) => li.querySelector('.font-medium')?.textContent)

test('what is not well comes first, with why it matters and what mends it', () => {
  let again = 0
  render(<Findings examination={examination} looking={false} onAgain={() => again++} />)
  screen.getByText('2 of 4 checks are not well')
  expect(names()).toEqual(['Twitch', 'SECRET_KEY'])
  screen.getByText('it has 12 bytes')
  screen.getByText(/Whoever guesses it/)
  screen.getByText('SECRET_KEY=$(openssl rand -hex 32)')
  fireEvent.click(screen.getByLabelText('Show all checks'))
  expect(names()).toEqual(['Twitch', 'SECRET_KEY', 'disk', 'clock'])
  fireEvent.click(screen.getByRole('button', { name: 'Look again' }))
  expect(again).toBe(1)
})

test('where all is well nothing is listed before it is asked for', () => {
  const well = { ...examination, findings: examination.findings.filter((f) => f.status === 'ok') }
  render(<Findings examination={well} looking onAgain={() => undefined} />)
  screen.getByText('1 checked, all well')
  expect(screen.queryAllByRole('listitem')).toEqual([])
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Look again' }).disabled).toBe(true)
})
