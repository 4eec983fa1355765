import type { RequestBody } from '../../core/exchange.ts'
import { HIGH_WATER } from '../../streams/net/outbox.ts'
import type { LentStream } from './lent-connection.ts'
import { PIECE_BYTES, type WireProtocol } from './wire-protocol.ts'

/** What an upload needs. */
export interface UploadOptions {
  readonly body: RequestBody
  readonly stream: LentStream
  readonly protocol: Pick<WireProtocol, 'encodePiece' | 'bodyEnd' | 'halfCloses'>
  /** Some of the body was sent. */
  readonly onMoved: () => void
  /** The body will never be whole. */
  readonly onBroken: (error: Error) => void
}

/** Sends the body of a request as fast as the other side takes it. */
export class BodyUpload {
  /** The whole request is sent. */
  done: boolean
  /** Something was taken from the body. */
  begun = false
  /** The client has to send more. */
  waitsForClient = false
  readonly #options: UploadOptions
  #pumping = false

  constructor(options: UploadOptions) {
    this.#options = options
    this.done = options.body.length === 0
  }

  /** Begins after the head was written, and goes on: when the client has sent more, or the other side has taken what it got. */
  start(): void {
    if (this.done) this.#finish()
    else {
      this.#options.body.onProgress = () => this.pump()
      this.pump()
    }
  }

  /** Sends what can be sent. */
  pump(): void {
    if (this.done || this.#pumping) return
    this.#pumping = true
    const { body } = this.#options
    const isFull = this.#sendPieces()
    this.#pumping = false
    this.waitsForClient = false
    if (isFull) return
    if (body.error !== undefined) this.#options.onBroken(body.error)
    else if (body.complete) this.#end()
    else {
      this.waitsForClient = true
      body.request(HIGH_WATER)
      // What has arrived within that call.
      if (body.buffered > 0 || body.complete) this.pump()
    }
  }

  /** The answer is there, or not wanted any more. */
  stop(): void {
    if (!this.done) this.#options.body.onProgress = undefined
    this.waitsForClient = false
  }

  /** Returns whether the other side has to take some first. */
  #sendPieces(): boolean {
    const { body, stream, protocol, onMoved } = this.#options
    while (stream.pending < HIGH_WATER) {
      const piece = body.take(PIECE_BYTES)
      if (piece === undefined) return false
      this.begun = true
      stream.cork()
      for (const part of protocol.encodePiece(piece)) stream.write(part)
      stream.uncork()
      onMoved()
    }
    return true
  }

  #end(): void {
    this.#options.body.onProgress = undefined
    this.done = true
    const { stream, protocol } = this.#options
    if (protocol.bodyEnd !== undefined) stream.write(protocol.bodyEnd)
    this.#finish()
  }

  #finish(): void {
    if (this.#options.protocol.halfCloses) this.#options.stream.end()
  }
}
