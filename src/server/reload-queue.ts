import { endsWithin } from '../core/ends-within.ts'

// What was loaded when the first of many calls came may be old, but a load that takes longer may hang in what has been mended since.
const PATIENCE_MS = 1000

/** Carries out reloads: calls during one share the next one, so that many in a heap are two at most. */
export class ReloadQueue {
  readonly #reload: () => Promise<void>
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  /** Grows while none ends in it: calls that come often shall not keep all of them from ending. */
  #patience = PATIENCE_MS

  /** `reload` may be called while an earlier call has not settled; it begins again then. */
  constructor(reload: () => Promise<void>) {
    this.#reload = reload
  }

  /** Resolves or rejects as the reload does that begins after this call. Calls that share one get the same promise. */
  request(): Promise<void> {
    if (this.#running === undefined) return this.#begin()
    this.#next ??= this.#beginAfter(this.#running)
    return this.#next
  }

  async #beginAfter(running: Promise<void>): Promise<void> {
    const hasEnded = await endsWithin(
      running.catch(() => {}),
      this.#patience,
    )
    if (!hasEnded) this.#patience *= 2
    this.#next = undefined
    await this.#begin()
  }

  #begin(): Promise<void> {
    const running = this.#reload().finally(() => {
      if (this.#running !== running) return
      this.#running = undefined
      this.#patience = PATIENCE_MS
    })
    this.#running = running
    return running
  }
}
