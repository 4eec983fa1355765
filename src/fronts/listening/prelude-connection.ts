import type { ByteStream } from '../../core/byte-stream.ts'
import type { FrontConnection } from './open-connections.ts'

/** Time for a prelude that has begun when the server stops. */
const LAST_MS = 1000

/** A connection during its prelude. */
export class PreludeConnection implements FrontConnection {
  readonly wait = 'header'
  readonly activity = 0
  readonly sending = false
  readonly sent = 0
  readonly #stream: ByteStream
  #done = false

  constructor(stream: ByteStream) {
    this.#stream = stream
  }

  /** Takes too long. */
  expire(): void {
    this.#close()
  }

  shutdown(): void {
    if (this.#stream.silent) this.#close()
    else setTimeout(() => this.#close(), LAST_MS).unref()
  }

  destroy(): void {
    this.#close()
  }

  /** From now on others decide about the stream. */
  protected leave(): void {
    this.#done = true
  }

  #close(): void {
    if (!this.#done) this.#stream.destroy()
  }
}
