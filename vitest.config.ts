import { defineConfig } from 'vitest/config'
import { DEADLINE, TEST_TIMEOUT } from './test/support/deadlines.ts'
import { RetryReporter } from './test/support/retry-reporter.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', new RetryReporter()],
    globalSetup: ['test/global-setup.ts'],
    pool: 'forks',
    testTimeout: TEST_TIMEOUT,
    expect: { poll: { timeout: DEADLINE } },
    hookTimeout: 60_000,
    // Most tests start programs; only what is far from usual is worth a line.
    slowTestThreshold: 10_000,
    // A machine that builds may be so loaded that a deadline passes; the end of the report names what was tried again.
    retry: process.env['CI'] === undefined ? 0 : 1,
  },
})
