import type { ReloadStatus } from '../core/process-status.ts'

/** What came of a reload that began at `begun` (`performance.now()`) and is over now; `error` is why it failed. */
export function describeReload(begun: number, error: unknown): ReloadStatus {
  const { message, cause } = error instanceof Error ? error : { message: '', cause: undefined }
  return {
    succeeded: error === undefined,
    at: Date.now(),
    took: Math.round(performance.now() - begun),
    message,
    traceback: typeof cause === 'string' ? cause : '',
  }
}
