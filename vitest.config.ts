import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { DEADLINE, TEST_TIMEOUT } from './test/support/deadlines.ts'
import { LongestFirst } from './test/support/longest-first.ts'
import { RetryReporter } from './test/support/retry-reporter.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', new RetryReporter()],
    globalSetup: ['test/global-setup.ts'],
    pool: 'forks',
    // A fifth of the time tests wait for something else than a processor.
    maxWorkers: Math.ceil(availableParallelism() * 1.25),
    sequence: { sequencer: LongestFirst },
    // Tests of one file that run beside each other; each starts a server.
    maxConcurrency: 3,
    testTimeout: TEST_TIMEOUT,
    expect: { poll: { timeout: DEADLINE } },
    hookTimeout: TEST_TIMEOUT,
    // Most tests start programs; only what is far from usual is worth a line.
    slowTestThreshold: 10_000,
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      reporter: ['json'],
      reportOnFailure: true,
    },
    // A machine that builds may be so loaded that a deadline passes; the end of the report names what was tried again.
    retry: process.env['CI'] === undefined ? 0 : 1,
  },
})
