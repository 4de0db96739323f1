import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Plugin } from 'vite'

/**
 * Writes live.html: the page as it is for a channel's address, which names what
 * the live page needs besides. The browser fetches that along with the rest,
 * not once the first scripts have run.
 */
export function livePage(): Plugin {
  let folder = ''
  let needed: readonly string[] = []
  return {
    name: 'live-page',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir)
    },
    generateBundle(_, bundle) {
      const files = new Set<string>()
      const take = (name: string): void => {
        const chunk = bundle[name]
        if (chunk?.type !== 'chunk' || files.has(name)) return
        files.add(name)
        for (const style of chunk.viteMetadata?.importedCss ?? []) files.add(style)
        chunk.imports.forEach(take)
      }
      for (const [name, chunk] of Object.entries(bundle)) {
        if (chunk.type === 'chunk' && chunk.facadeModuleId?.endsWith('/src/pages/LivePage.tsx') === true)
          take(name)
      }
      if (files.size === 0) this.error('there is no chunk of the live page')
      needed = [...files]
    },
    closeBundle() {
      const page = readFileSync(join(folder, 'index.html'), 'utf8')
      const links = needed
        .filter((file) => !page.includes(`/${file}"`))
        .map((file) =>
          file.endsWith('.css')
            ? `    <link rel="preload" as="style" crossorigin href="/${file}">\n`
            : `    <link rel="modulepreload" crossorigin href="/${file}">\n`,
        )
      writeFileSync(join(folder, 'live.html'), page.replace('  </head>', `${links.join('')}  </head>`))
    },
  }
}
