import { Readable } from 'node:stream'
import type { RequestBody } from '../../core/exchange.ts'
import { HIGH_WATER } from '../../streams/net/outbox.ts'

/** The body of a request for undici, which reads it as fast as the upstream takes it. Takes nothing before it is read. */
export class BodyStream extends Readable {
  /** The client has to send more. */
  waitsForClient = false
  /** Something was taken from the body. */
  begun = false
  readonly #body: RequestBody

  constructor(body: RequestBody) {
    super({ highWaterMark: HIGH_WATER })
    this.#body = body
  }

  override _read(): void {
    this.#body.onProgress ??= () => this.#pump()
    this.waitsForClient = true
    this.#pump()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.waitsForClient = false
    this.#body.onProgress = undefined
    callback(error)
  }

  #pump(): void {
    if (!this.waitsForClient) return
    const body = this.#body
    const piece = body.take()
    if (piece !== undefined) {
      this.begun = true
      this.waitsForClient = false
      this.push(piece)
    } else if (body.error !== undefined) this.destroy(body.error)
    else if (body.complete) {
      this.waitsForClient = false
      this.push(null)
    } else {
      body.request(HIGH_WATER)
      // What has arrived within that call.
      if (body.buffered > 0 || body.complete) this.#pump()
    }
  }
}
