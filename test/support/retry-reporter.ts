import type { Reporter, TestModule } from 'vitest/node'

/** Lists at the end of a run the tests that passed only when tried again. `.ci/run` searches for these lines. */
export class RetryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const line of modules.flatMap(listRetried)) process.stdout.write(`${line}\n`)
  }
}

function listRetried({ relativeModuleId, children }: TestModule): string[] {
  return [...children.allTests()]
    .filter((test) => (test.diagnostic()?.retryCount ?? 0) > 0)
    .map((test) => `tried again: ${relativeModuleId} > ${test.fullName} (${test.result().state})`)
}
