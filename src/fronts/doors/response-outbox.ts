import type { ByteStream } from '../../core/byte-stream.ts'
import { Outbox } from '../../streams/net/outbox.ts'

/** The output queue of a connection, which counts what it gets, so that each of several responses knows when it was accepted. */
export class ResponseOutbox {
  /** Bytes so far. */
  written = 0
  readonly #outbox: Outbox

  constructor(stream: ByteStream) {
    this.#outbox = new Outbox(stream)
  }

  /** Bytes that the front server has not accepted yet. */
  get pending(): number {
    return this.#outbox.pending
  }

  /** Bytes that it has accepted. */
  get accepted(): number {
    return this.written - this.#outbox.pending
  }

  /** Increases when it accepts bytes. */
  get progress(): number {
    return this.#outbox.progress
  }

  /** All bytes were given to the stream. */
  get handedOver(): boolean {
    return this.#outbox.handedOver
  }

  /** `pending` is low enough for a blocked writer to continue. */
  get low(): boolean {
    return this.#outbox.low
  }

  /** Writes bytes, or latin-1 text, in one piece with other writes of this tick. They must not change afterwards. */
  write(data: Uint8Array | string): void {
    this.written += data.length
    if (typeof data === 'string') this.#outbox.writeText(data)
    else this.#outbox.write(data)
  }

  /** Gives the stream what was written in this tick. */
  flush(): void {
    this.#outbox.flush()
  }

  /** The stream accepted bytes. */
  noteTaken(): void {
    this.#outbox.noteTaken()
  }
}
