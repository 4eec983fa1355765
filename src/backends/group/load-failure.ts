import type { ErrorCode } from '../../core/errors.ts'
import { TaipanError } from '../../core/errors.ts'

/** Why a worker never became ready. */
export interface LoadFailure {
  readonly code: ErrorCode
  /** Name of the application; undefined when the process ended before it said anything. */
  readonly application: string | undefined
  readonly summary: string
  /** Python's traceback, or what was printed last; may be empty. */
  readonly traceback: string
}

/** Why a worker could not be started at all, from what that threw. */
export function startFailure(error: unknown): LoadFailure {
  const known = error instanceof TaipanError
  return {
    code: known ? error.code : 'INTERNAL',
    application: undefined,
    summary: error instanceof Error ? error.message : String(error),
    traceback: error instanceof Error && typeof error.cause === 'string' ? error.cause : '',
  }
}

/** The failure as an error; the traceback is its `cause`. */
export function loadError(failure: LoadFailure): TaipanError {
  const { code, summary, traceback } = failure
  return new TaipanError(code, describeFailure(failure), { cause: traceback || summary })
}

/** One line for people. */
export function describeFailure(failure: LoadFailure): string {
  const { code, application, summary } = failure
  if (code !== 'APPLICATION_LOAD') return summary
  const subject = application === undefined ? 'the application' : `application ${application}`
  return `${subject} could not be loaded: ${summary}`
}
