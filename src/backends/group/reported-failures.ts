import type { TaipanError } from '../../core/errors.ts'
import { describeFailure, type LoadFailure } from './load-failure.ts'

/** Why something is not served, for people. */
export interface Unserved {
  readonly message: string
  /** May be empty. */
  readonly traceback: string
}

/** Why groups cannot be served, by their names. */
export type GroupFailures = Readonly<Record<string, Unserved>>

/** What was said of applications that are not served while others are, so that each failure is told once. */
export class ReportedFailures {
  readonly #known = new Map<string, Unserved>()

  /** Whether there is something new to tell of an application, which is served when there is no failure. */
  note(application: string, failure: Unserved | undefined): boolean {
    const before = this.#known.get(application)
    if (failure === undefined) return this.#known.delete(application)
    this.#known.set(application, failure)
    return before === undefined || !isSame(before, failure)
  }

  /** It has been told of some application. */
  has(failure: Unserved): boolean {
    return [...this.#known.values()].some((one) => isSame(one, failure))
  }

  /** All is to be told anew. */
  clear(): void {
    this.#known.clear()
  }
}

/** A failure to load, for people. */
export function describeUnserved(failure: LoadFailure): Unserved {
  return { message: describeFailure(failure), traceback: failure.traceback }
}

/** An error that such a failure has become, for people. */
export function describeError({ message, cause }: TaipanError): Unserved {
  const isNews = typeof cause === 'string' && !message.endsWith(cause)
  return { message, traceback: isNews ? cause : '' }
}

function isSame(one: Unserved, other: Unserved): boolean {
  return one.message === other.message && one.traceback === other.traceback
}
