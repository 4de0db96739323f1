import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { useState } from 'react'
import { afterEach, expect, test } from 'vitest'
import { nextOf, signInPath } from '../auth/links'
import { CodeField } from './CodeField'

afterEach(cleanup)

function Code({ done }: { done: string[] }) {
  const [code, setCode] = useState('')
  return <CodeField label="Code" value={code} onChange={setCode} onComplete={(c) => done.push(c)} />
}

test('a pasted code is taken whatever is around its digits', () => {
  const done: string[] = []
  render(<Code done={done} />)
  const field = screen.getByLabelText('Code')
  fireEvent.change(field, { target: { value: ' 12-34 ' } })
  expect((field as HTMLInputElement).value).toBe('1234')
  expect(done).toEqual([])
  fireEvent.change(field, { target: { value: 'Your code: 123 456.' } })
  expect((field as HTMLInputElement).value).toBe('123456')
  expect(done).toEqual(['123456'])
  fireEvent.change(field, { target: { value: '1234567' } })
  expect(done).toEqual(['123456'])
})

test.each([
  ['/history?page=2', '/history?page=2'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['https://evil.example', '/'],
  ['', '/'],
])('signing in leads to %s as %s', (next, to) => {
  expect(nextOf(new URLSearchParams({ next }))).toBe(to)
})

test('the way to sign in leads back', () => {
  expect(signInPath({ pathname: '/history', search: '?page=2' })).toBe('/login?next=%2Fhistory%3Fpage%3D2')
  expect(signInPath({ pathname: '/', search: '' })).toBe('/login')
})
