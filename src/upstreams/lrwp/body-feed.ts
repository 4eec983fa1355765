import type { ByteStream } from '../../core/byte-stream.ts'
import type { RequestBody } from '../../core/exchange.ts'
import { HIGH_WATER } from '../../streams/net/outbox.ts'

const WINDOW = 256 * 1024

/** Sends a request, whose body may still be arriving, as fast as the peer reads it. */
export class BodyFeed {
  readonly #stream: ByteStream
  readonly #body: RequestBody
  readonly #onBroken: (error: Error) => void
  #done = false

  /** `onBroken`: the rest of the body will never arrive. */
  constructor(stream: ByteStream, body: RequestBody, onBroken: (error: Error) => void) {
    this.#stream = stream
    this.#body = body
    this.#onBroken = onBroken
  }

  /** The request has been written as a whole. */
  get done(): boolean {
    return this.#done
  }

  /** Writes the head, in one piece with what is there of the body. */
  start(head: Buffer): void {
    this.#stream.cork()
    this.#stream.write(head)
    this.#body.onProgress = () => this.pump()
    this.pump()
    this.#stream.uncork()
  }

  /** Writes what the stream has room for. */
  pump(): void {
    while (!this.#done && this.#stream.pending < HIGH_WATER) {
      const piece = this.#body.take(HIGH_WATER)
      if (piece === undefined) {
        this.#wait()
        return
      }
      this.#stream.write(piece)
    }
  }

  /** Writes no more. */
  stop(): void {
    this.#body.onProgress = undefined
    this.#done = true
  }

  #wait(): void {
    const { complete, error } = this.#body
    if (error !== undefined) {
      this.stop()
      this.#onBroken(error)
    } else if (complete) this.stop()
    else this.#body.request(WINDOW)
  }
}
