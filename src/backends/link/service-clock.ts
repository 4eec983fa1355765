/** Measures the time of a thread for a request, and separately the time that it waited for a slow client. */
export class ServiceClock {
  #startedAt = 0
  #waitingSince = 0
  #waited = 0

  /** A request was handed over at `now` (`performance.now()`). */
  start(now: number): void {
    this.#startedAt = now
    this.#waitingSince = 0
    this.#waited = 0
  }

  /** The thread begins to wait for the client. */
  waitForClient(now: number): void {
    if (this.#waitingSince === 0) this.#waitingSince = now
  }

  /** The thread continues. */
  goOn(now: number): void {
    if (this.#waitingSince === 0) return
    this.#waited += now - this.#waitingSince
    this.#waitingSince = 0
  }

  /** Milliseconds since the hand-over. */
  age(now: number): number {
    return now - this.#startedAt
  }

  /** Milliseconds of `age` without the time that the thread waited for the client. */
  worked(now: number): number {
    const until = this.#waitingSince === 0 ? now : this.#waitingSince
    return until - this.#startedAt - this.#waited
  }
}
