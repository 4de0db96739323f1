import { defineConfig } from 'vitest/config'

// Browser tests against the built binary. Screenshots are a run of their own.
export default defineConfig({
  test: {
    environment: 'node',
    include: process.env.SCREENSHOTS === undefined ? ['e2e/**/*.spec.ts'] : ['e2e/screenshots.ts'],
    // One browser at a time: the machine's processors are for it.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
