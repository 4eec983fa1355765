import type { RequestDecoder } from '../../wire/http1/request-decoder.ts'

/** Most body bytes that are read and dropped. */
export const DRAIN_BYTES = 262_144
const DRAIN_MS = 2000

/** Reads and drops the rest of a request body that the application did not read, with limits for bytes and time. */
export class Drain {
  readonly #decoder: RequestDecoder
  readonly #timer: NodeJS.Timeout
  #bytes = 0

  constructor(decoder: RequestDecoder, onTimeout: () => void) {
    this.#decoder = decoder
    this.#timer = setTimeout(onTimeout, DRAIN_MS).unref()
  }

  /** Drops what has arrived. `failed`: the body is malformed or too long. */
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

  /** Stops the timer. */
  stop(): void {
    clearTimeout(this.#timer)
  }
}
