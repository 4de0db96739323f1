import { defineConfig } from 'vitest/config'

// Browser tests against the built binary. Screenshots and measurements are runs of their own.
const runs: Record<string, string> = {
  screenshots: 'e2e/screenshots.ts',
  bench: 'bench/ui.ts',
  pictures: 'e2e/pictures.ts',
}

export default defineConfig({
  test: {
    environment: 'node',
    include: [runs[process.env.E2E_RUN ?? ''] ?? 'e2e/**/*.spec.ts'],
    // One browser at a time: the machine's processors are for it.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // As long as the browser waits for what is to appear: a busy machine is no failure.
    expect: { poll: { timeout: 30_000 } },
  },
})
