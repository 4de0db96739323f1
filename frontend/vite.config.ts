import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { licences } from './dev/licences.ts'
import { packed } from './dev/packed.ts'
import { rootedIndex } from './dev/rootedIndex.ts'

// Numbers and dates are formatted by the reader's locale; tests have a fixed one.
if (process.env.VITEST !== undefined) {
  process.env.LC_ALL = 'en_US.UTF-8'
  process.env.TZ = 'UTC'
}

const server = process.env.CHATMOOD_URL ?? 'http://127.0.0.1:8000'

export default defineConfig({
  plugins: [react(), tailwindcss(), licences(), rootedIndex(), packed()],
  // Scripts and styles find each other wherever they are; see basePath.ts.
  base: './',
  // The server sends `style-src 'self'; img-src 'self'; font-src 'self'`, so
  // nothing may be inlined as a data: URL.
  build: { assetsInlineLimit: 0, target: 'es2023', reportCompressedSize: false },
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
    // A busy machine is no failure.
    testTimeout: 30_000,
  },
})
