/** Why something is not served, for people. */
export interface Unserved {
  readonly message: string
  /** May be empty. */
  readonly traceback: string
}

/** What was said of things that are not served while others are, so that each failure is told once. */
export class ReportedFailures {
  readonly #known = new Map<string, Unserved>()

  /** Whether there is something new to tell of a subject, which is served when there is no failure. */
  note(subject: string, failure: Unserved | undefined): boolean {
    const before = this.#known.get(subject)
    if (failure === undefined) return this.#known.delete(subject)
    this.#known.set(subject, failure)
    return before === undefined || !isSameFailure(before, failure)
  }

  /** It has been told of some subject. */
  has(failure: Unserved): boolean {
    return [...this.#known.values()].some((one) => isSameFailure(one, failure))
  }

  /** All is to be told anew. Returns what takes that back, but for what was told meanwhile. */
  forget(): () => void {
    const forgotten = [...this.#known]
    this.#known.clear()
    return () => {
      for (const [subject, failure] of forgotten)
        if (!this.#known.has(subject)) this.#known.set(subject, failure)
    }
  }
}

/** Whether two failures look alike to people. */
export function isSameFailure(one: Unserved, other: Unserved): boolean {
  return one.message === other.message && one.traceback === other.traceback
}
