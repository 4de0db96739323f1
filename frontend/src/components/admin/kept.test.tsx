import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, expect, test } from 'vitest'
import { KeptList } from './Kept'

afterEach(cleanup)

test('what is kept, what is older, and when it was looked', () => {
  render(
    <KeptList
      retention={{
        logs: { days: 90, due: 1200, removed: 40, looked_at: new Date(Date.now() - 300_000).toISOString() },
        archive: { days: 0, due: 0, removed: 0 },
      }}
    />,
  )
  const [logs, archive] = screen.getAllByRole('definition').map((d) => d.textContent)
  expect(logs).toContain('Kept for 90 days. LOG_RETENTION_DAYS=90')
  expect(logs).toContain('1,200 are older and will be removed within the hour.')
  expect(logs).toContain('Last looked 5 minutes ago. 40 removed since the start.')
  expect(archive).toBe('Kept until somebody removes it. HISTORY_RETENTION_DAYS=0')
})

test('before the server has looked, and where nothing is old', () => {
  render(
    <KeptList
      retention={{ logs: { days: 1, due: 0, removed: 0 }, archive: { days: 30, due: 1, removed: 0 } }}
    />,
  )
  const [logs, archive] = screen.getAllByRole('definition').map((d) => d.textContent)
  expect(logs).toContain('Kept for a day.')
  expect(logs).toContain('Nothing is older now.')
  expect(logs).toContain('Not looked yet since the start.')
  expect(archive).toContain('1 is older and will be removed within the hour.')
})
