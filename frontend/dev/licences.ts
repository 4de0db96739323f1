import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

/**
 * Writes licences.txt beside the page: the licence of every package that has
 * code or a font in it, as those licences ask for.
 */
export function licences(): Plugin {
  // Tailwind's base styles are in every style sheet, but no module says so.
  const folders = new Set([join(process.cwd(), 'node_modules/tailwindcss')])
  const note = (id: string) => {
    const found = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replace(/^\0/, ''))
    if (found?.[1] !== undefined) folders.add(found[1])
  }
  return {
    name: 'chatmood-licences',
    apply: 'build',
    generateBundle(_options, bundle) {
      for (const id of this.getModuleIds()) note(id)
      for (const output of Object.values(bundle)) {
        // Fonts come in by style sheets and are no modules.
        if (output.type === 'asset')
          for (const name of output.originalFileNames) note(join(process.cwd(), name))
      }
      const texts = [...folders].filter((f) => existsSync(join(f, 'package.json'))).map(describe)
      this.emitFile({
        type: 'asset',
        fileName: 'licences.txt',
        source: texts.sort().join(`\n${'-'.repeat(78)}\n\n`),
      })
    },
  }
}

function describe(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string
    version: string
    license?: string
  }
  const file = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f))
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim()
  return `${name} ${version} (${license ?? 'licence unknown'})\n\n${text}\n`
}
