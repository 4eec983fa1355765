const FIRST_DELAY = 250
const LONGEST_DELAY = 30_000

/** The growing delay between starts that keep failing: 0, 0.25, 0.5, 1, 2 ... 30 seconds. */
export class Backoff {
  #failures = 0

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures
  }

  /** Milliseconds to wait before the next start. */
  get delay(): number {
    if (this.#failures <= 1) return 0
    return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (this.#failures - 2))
  }

  fail(): void {
    this.#failures++
  }

  reset(): void {
    this.#failures = 0
  }
}
