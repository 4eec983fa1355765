import type { TaipanError } from '../../core/errors.ts'
import type { Unserved } from '../../processes/reported-failures.ts'
import { describeFailure, type LoadFailure } from './load-failure.ts'

/** Why groups cannot be served, by their names. */
export type GroupFailures = Readonly<Record<string, Unserved>>

/** A failure to load, for people. */
export function describeUnserved(failure: LoadFailure): Unserved {
  return { message: describeFailure(failure), traceback: failure.traceback }
}

/** An error that such a failure has become, for people. */
export function describeError({ message, cause }: TaipanError): Unserved {
  const isNews = typeof cause === 'string' && !message.endsWith(cause)
  return { message, traceback: isNews ? cause : '' }
}
