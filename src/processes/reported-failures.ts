/** Why something is not served. */
export interface Unserved {
  readonly message: string
  /** May be empty. */
  readonly traceback: string
  /** A process ended by it, and the traceback is what that printed last, which may be other words each time. */
  readonly ended?: boolean
}

/** Remembers the reported failures by subject, so that each is reported once. */
export class ReportedFailures {
  readonly #known = new Map<string, Unserved>()

  /** Records the state of a subject, without a failure when it is served; true when that is new. */
  note(subject: string, failure: Unserved | undefined): boolean {
    const before = this.#known.get(subject)
    if (failure === undefined) return this.#known.delete(subject)
    this.#known.set(subject, failure)
    return before === undefined || !isSameFailure(before, failure)
  }

  /** Whether this failure was reported for any subject. */
  has(failure: Unserved): boolean {
    return [...this.#known.values()].some((one) => isSameFailure(one, failure))
  }

  /** Forgets all reports. The returned function restores those that have no newer report. */
  forget(): () => void {
    const forgotten = [...this.#known]
    this.#known.clear()
    return () => {
      for (const [subject, failure] of forgotten)
        if (!this.#known.has(subject)) this.#known.set(subject, failure)
    }
  }
}

/** Whether two failures have the same message and traceback. */
export function isSameFailure(one: Unserved, other: Unserved): boolean {
  const ended = one.ended === true || other.ended === true
  return one.message === other.message && (ended || one.traceback === other.traceback)
}
