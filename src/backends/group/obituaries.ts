// Whoever starts processes in a circle shall not fill the memory with their numbers.
const MOST = 1000

/** A worker that can be told of the end of others. */
export interface Mourner {
  /** Its application wants to know. */
  readonly mourns: boolean
  readonly ready: boolean
  tellEnd(pid: number): void
}

/**
 * Tells one living worker of each that has ended, once: a hook cleans up after it. While none lives, or the one that was told
 * has ended before it was done, the next one is told.
 */
export class Obituaries<M extends Mourner> {
  readonly #untold = new Set<number>()
  readonly #told = new Map<number, M>()
  /** An application of the group has wanted to know. */
  #isWanted = false

  /** A worker has ended; `others` live. */
  note(ended: M, pid: number, others: Iterable<M>): void {
    this.#isWanted ||= ended.mourns
    for (const [one, mourner] of this.#told) if (mourner === ended) this.#forgetTold(one)
    if (!this.#isWanted) return
    if (this.#untold.size < MOST) this.#untold.add(pid)
    this.tell(others)
  }

  /** Tells what nobody has been told of yet. */
  tell(workers: Iterable<M>): void {
    if (this.#untold.size === 0) return
    for (const worker of workers) {
      if (!worker.ready || !worker.mourns) continue
      for (const pid of this.#untold) {
        this.#told.set(pid, worker)
        worker.tellEnd(pid)
      }
      this.#untold.clear()
      return
    }
  }

  /** The hook has been called. */
  finish(pid: number): void {
    this.#told.delete(pid)
  }

  #forgetTold(pid: number): void {
    this.#told.delete(pid)
    this.#untold.add(pid)
  }
}
