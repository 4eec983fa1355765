import type { TaipanError } from '../../core/errors.ts'
import type { Unserved } from '../../processes/reported-failures.ts'
import { describeFailure, type LoadFailure } from './load-failure.ts'

/** Why groups cannot be served, by group. */
export type GroupFailures = Readonly<Record<string, Unserved>>

/** Describes a failure to load. */
export function describeUnserved(failure: LoadFailure): Unserved {
  const { traceback, ended = false } = failure
  return { message: describeFailure(failure), traceback, ended }
}

/** Describes an error made from such a failure. */
export function describeError({ message, cause }: TaipanError): Unserved {
  const isNews = typeof cause === 'string' && !message.endsWith(cause)
  return { message, traceback: isNews ? cause : '' }
}
