/** Measures how long a thread has had a request, apart from the time it waited for a slow client. */
export class ServiceClock {
  #startedAt = 0
  #waitingSince = 0
  #waited = 0

  /** A request was handed over. Times are from `performance.now()`. */
  start(now: number): void {
    this.#startedAt = now
    this.#waitingSince = 0
    this.#waited = 0
  }

  /** From now on the thread waits for the client. */
  waitForClient(now: number): void {
    if (this.#waitingSince === 0) this.#waitingSince = now
  }

  /** The thread waits no longer. */
  goOn(now: number): void {
    if (this.#waitingSince === 0) return
    this.#waited += now - this.#waitingSince
    this.#waitingSince = 0
  }

  /** Milliseconds since hand-over. */
  age(now: number): number {
    return now - this.#startedAt
  }

  /** Milliseconds of `age` in which the thread did not wait for the client. */
  worked(now: number): number {
    const until = this.#waitingSince === 0 ? now : this.#waitingSince
    return until - this.#startedAt - this.#waited
  }
}
