// @vitest-environment node
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('the API types are those of openapi.json (if not: npm run generate)', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chatmood-schema-'))
  try {
    const fresh = join(dir, 'schema.d.ts')
    execFileSync('node_modules/.bin/openapi-typescript', ['openapi.json', '--output', fresh], {
      stdio: 'pipe',
    })
    expect(readFileSync('src/api/schema.d.ts', 'utf8')).toBe(readFileSync(fresh, 'utf8'))
  } finally {
    rmSync(dir, { recursive: true })
  }
}, 60_000)
