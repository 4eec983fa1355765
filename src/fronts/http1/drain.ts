import type { RequestDecoder } from '../../wire/http1/request-decoder.ts'

/** Bytes of a body that are read away, at most. */
export const DRAIN_BYTES = 262_144
const DRAIN_MS = 2000

/** Reads away the rest of a body that nobody wanted, within a bound of bytes and of time. */
export class Drain {
  readonly #decoder: RequestDecoder
  readonly #timer: NodeJS.Timeout
  #bytes = 0

  constructor(decoder: RequestDecoder, onTimeout: () => void) {
    this.#decoder = decoder
    this.#timer = setTimeout(onTimeout, DRAIN_MS).unref()
  }

  /** Reads away what has arrived. `failed`: it is no body, or there is too much of it. */
  read(): 'done' | 'waiting' | 'failed' {
    try {
      for (;;) {
        const piece = this.#decoder.readBody(DRAIN_BYTES)
        if (piece === undefined) break
        this.#bytes += piece.length
      }
    } catch {
      return 'failed'
    }
    if (this.#decoder.bodyDone) return 'done'
    return this.#bytes > DRAIN_BYTES ? 'failed' : 'waiting'
  }

  /** Ends its time. */
  stop(): void {
    clearTimeout(this.#timer)
  }
}
