import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import type { Plugin } from 'vite'

/**
 * Writes each script and style a second time, as small as Brotli can make it:
 * slower than any server would want to be for a request, once for all of them.
 */
export function packed(): Plugin {
  let folder = ''
  return {
    name: 'packed',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir, config.build.assetsDir)
    },
    closeBundle() {
      for (const name of readdirSync(folder)) {
        if (!/\.(?:js|css)$/.test(name)) continue
        const content = readFileSync(join(folder, name))
        const small = brotliCompressSync(content, {
          params: {
            [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
            [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
          },
        })
        // A few bytes of code do not get smaller.
        if (small.length < content.length * 0.9) writeFileSync(join(folder, `${name}.br`), small)
      }
    },
  }
}
