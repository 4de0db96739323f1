import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { doctorInGerman } from './de/doctor'

const source = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../../internal/doctor', name), 'utf8')

/** Names and sentences in the checks of an installation, without what is put into them. */
function* sentences(): Generator<string> {
  for (const [, name, why] of source('local.go').matchAll(/Name: "([^"]+)".*?Why: "([^"]+)"/gs))
    yield* [name ?? '', why ?? '']
  for (const file of ['local.go', 'certs.go', 'network.go', 'system_linux.go']) {
    for (const line of source(file).split('\n')) {
      if (!/^\s*(return|const mend|seen :=|"start the server)|l\.expiry\(/.test(line)) continue
      const joined = line.replaceAll(/" \+ [^",]+ \+ "/g, 'x')
      for (const [, text = ''] of joined.matchAll(/"((?:[^"\\]|\\.)*)"/g)) yield text
    }
  }
}

/** Where names and numbers stand in a sentence, there are some. */
const filled = (text: string) =>
  text.replaceAll('%.1f', '1.5').replaceAll('%d', '7').replaceAll(/%[sv]/g, 'x')

test('whatever the doctor says of an installation is known in German', () => {
  const lacking = new Set<string>()
  let count = 0
  for (const text of sentences()) {
    // Settings, commands and names are the same in every language.
    if (!/[a-z]{3,} [a-z]/.test(text) || /^[A-Z_]+=(\S+|\$\(.+\))$/.test(text)) continue
    count++
    const sample = filled(text)
    const asked = [sample, `x${sample}`, `${sample}x`, `x${sample}x`, `x${sample}TWITCH_IRC_URL=x`]
    if (asked.every((said) => doctorInGerman(said) === said)) lacking.add(text)
  }
  expect([...lacking]).toEqual([])
  expect(count).toBeGreaterThan(70)
})

test('what is put into a sentence stays, and is looked up as well', () => {
  expect(doctorInGerman('it has 12 bytes')).toBe('er hat 12 Byte')
  expect(doctorInGerman('connected, but irc.example:6697 does not answer in time')).toBe(
    'verbunden, aber irc.example:6697 antwortet nicht rechtzeitig',
  )
  expect(doctorInGerman('mkdir /srv: read-only file system')).toBe('mkdir /srv: read-only file system')
  expect(doctorInGerman('SECRET_KEY')).toBe('SECRET_KEY')
})
