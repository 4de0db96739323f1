import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { licences } from './dev/licences.ts'
import { livePage } from './dev/livePage.ts'
import { packed } from './dev/packed.ts'
import { rootedIndex } from './dev/rootedIndex.ts'

// Numbers and dates are formatted by the reader's locale; tests have a fixed one.
if (process.env.VITEST !== undefined) {
  process.env.LC_ALL = 'en_US.UTF-8'
  process.env.TZ = 'UTC'
}

/**
 * A page comes in a handful of files: each request costs a browser more than a few
 * kilobytes too many. What every page needs is in two (libraries change less often
 * than the rest). Of what only some need, the first group that takes a module has
 * it, and with it what that module needs.
 */
const chunks = [
  { name: 'libraries', tags: ['$initial' as const], test: /node_modules/ },
  { name: 'app', tags: ['$initial' as const] },
  { name: 'forms', test: /\/node_modules\/(zod|react-hook-form|@hookform)\// },
  // Two pages or more need it, and little of it is for one of them.
  {
    name: 'parts',
    test: /\/(src\/(components\/(form|ui|lists|[A-Z]\w+|history\/SaveButton)|hooks|lib|api)|lucide-react|@radix-ui)\b/,
    minShareCount: 2,
  },
  { name: 'plot', test: /\/(uplot|src\/components\/plot|src\/live)\// },
  { name: 'live', test: /\/(src\/components\/(chat|live)|src\/contexts|@tanstack\/react-virtual)\// },
  { name: 'history', test: /\/src\/components\/(history|report)\// },
  { name: 'account', test: /\/src\/components\/auth\// },
  { name: 'admin', test: /\/src\/(pages|components)\/admin\// },
].map((group, i, all) => ({ ...group, priority: all.length - i }))

const server = process.env.CHATMOOD_URL ?? 'http://127.0.0.1:8000'

export default defineConfig({
  plugins: [react(), tailwindcss(), licences(), rootedIndex(), livePage(), packed()],
  // Scripts and styles find each other wherever they are; see basePath.ts.
  base: './',
  // The server sends `style-src 'self'; img-src 'self'; font-src 'self'`, so
  // nothing may be inlined as a data: URL.
  build: {
    assetsInlineLimit: 0,
    target: 'es2023',
    reportCompressedSize: false,
    rolldownOptions: { output: { codeSplitting: { groups: chunks } } },
  },
  logLevel: process.env.CI === undefined ? 'info' : 'warn',
  server: {
    proxy: {
      '/api': server,
      '/health': server,
      '/openapi.json': server,
      '/docs': server,
      '/ws': { target: server, ws: true },
    },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    setupFiles: ['src/setupTests.ts'],
    // A busy machine is no failure.
    testTimeout: 30_000,
  },
})
