/** How often something may happen. */
export interface Rate {
  /** At once. */
  readonly burst: number
  readonly perSecond: number
}

/** Counts what may happen only so often. */
export class RateLimit {
  readonly #rate: Rate
  #left: number
  #since = performance.now()

  constructor(rate: Rate) {
    this.#rate = rate
    this.#left = rate.burst
  }

  /** It happens once more; false if that is too often. */
  take(): boolean {
    if (this.#left < 1) this.#refill()
    this.#left -= 1
    return this.#left >= 0
  }

  #refill(): void {
    const { burst, perSecond } = this.#rate
    const now = performance.now()
    this.#left = Math.min(burst, this.#left + ((now - this.#since) / 1000) * perSecond)
    this.#since = now
  }
}
