import type { LogFields } from '../core/logger.ts'
import type { RestartReason } from '../core/restart-reason.ts'

/** Why a running process has to be replaced. */
export interface Cause {
  readonly reason: RestartReason
  /** The rest of a sentence that begins with the name of the process. */
  readonly text: string
  /** What shows it: additional fields of the log record. */
  readonly facts?: LogFields
}
