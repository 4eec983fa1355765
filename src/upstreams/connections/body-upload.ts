import type { RequestBody } from '../../core/exchange.ts'
import { HIGH_WATER } from '../../streams/net/outbox.ts'
import type { LentStream } from './lent-connection.ts'
import { PIECE_BYTES, type WireProtocol } from './wire-protocol.ts'

/** How a part of a request is written. */
export type PartFraming = Pick<WireProtocol, 'encodePiece' | 'bodyEnd'>

/** A part of a request behind its head. */
interface UploadPart extends PartFraming {
  readonly body: RequestBody
}

/** What an upload needs. */
export interface UploadOptions {
  readonly body: RequestBody
  readonly stream: LentStream
  readonly protocol: PartFraming & Pick<WireProtocol, 'halfCloses'>
  /** What follows the body; undefined: nothing does. */
  readonly file?: UploadPart | undefined
  /** Some of it was sent. */
  readonly onMoved: () => void
  /** It will never be whole. */
  readonly onBroken: (error: Error) => void
}

/** Sends what follows the head of a request, as fast as the other side takes it. */
export class BodyUpload {
  /** Something was taken from the body of the client. */
  begun = false
  /** The client has to send more. */
  waitsForClient = false
  readonly #options: UploadOptions
  /** What has still to be sent. The end of an empty body was sent with the head. */
  readonly #parts: UploadPart[] = []
  #pumping = false

  constructor(options: UploadOptions) {
    this.#options = options
    const { body, protocol, file } = options
    if (body.length !== 0) this.#parts.push({ ...protocol, body })
    if (file !== undefined) this.#parts.push(file)
  }

  /** The whole request is sent. */
  get done(): boolean {
    return this.#parts.length === 0
  }

  /** Begins after the head was written, and goes on: when there is more, or the other side has taken what it got. */
  start(): void {
    const [part] = this.#parts
    if (part === undefined) {
      if (this.#options.protocol.halfCloses) this.#options.stream.end()
      return
    }
    part.body.onProgress = () => this.pump()
    this.pump()
  }

  /** Sends what can be sent. */
  pump(): void {
    const [part] = this.#parts
    if (part === undefined || this.#pumping) return
    const { body } = part
    this.#pumping = true
    const isFull = this.#sendPieces(part)
    this.#pumping = false
    this.waitsForClient = false
    if (isFull) return
    if (body.error !== undefined) this.#options.onBroken(body.error)
    else if (body.complete) this.#end(part)
    else {
      this.waitsForClient = this.#isOfClient(part)
      body.request(HIGH_WATER)
      // What has arrived within that call.
      if (body.buffered > 0 || body.complete) this.pump()
    }
  }

  /** The answer is there, or not wanted any more. */
  stop(): void {
    for (const { body } of this.#parts) body.onProgress = undefined
    this.waitsForClient = false
  }

  /** Returns whether the other side has to take some first. */
  #sendPieces(part: UploadPart): boolean {
    const { body, encodePiece } = part
    const { stream, onMoved } = this.#options
    while (stream.pending < HIGH_WATER) {
      const piece = body.take(PIECE_BYTES)
      if (piece === undefined) return false
      if (this.#isOfClient(part)) this.begun = true
      stream.cork()
      for (const bytes of encodePiece(piece)) stream.write(bytes)
      stream.uncork()
      onMoved()
    }
    return true
  }

  #isOfClient({ body }: UploadPart): boolean {
    return body === this.#options.body
  }

  #end({ body, bodyEnd }: UploadPart): void {
    body.onProgress = undefined
    this.#parts.shift()
    if (bodyEnd !== undefined) this.#options.stream.write(bodyEnd)
    this.start()
  }
}
