import { Backoff } from './backoff.ts'

/** Attempts that follow each other after growing delays, as long as they fail. */
export class Retry {
  readonly #backoff = new Backoff()
  #timer: NodeJS.Timeout | undefined

  /** Failures since the last success. */
  get failures(): number {
    return this.#backoff.failures
  }

  /** An attempt is due later. */
  get waiting(): boolean {
    return this.#timer !== undefined
  }

  /** Calls `attempt` after the delay for the failures so far. */
  schedule(attempt: () => void): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      attempt()
    }, this.#backoff.delay)
    this.#timer.unref()
  }

  /** The attempt that is due is not made. */
  cancel(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  fail(): void {
    this.#backoff.fail()
  }

  reset(): void {
    this.#backoff.reset()
  }
}
