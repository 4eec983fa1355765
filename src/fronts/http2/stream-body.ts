import type { ServerHttp2Stream } from 'node:http2'

import { TaipanError } from '../../core/errors.ts'
import type { IncomingBody } from '../exchange/incoming-body.ts'
import type { StreamTally } from './stream-outbox.ts'

/** Parts of a stream body. */
export interface StreamBodyParts {
  readonly stream: ServerHttp2Stream
  readonly body: IncomingBody
  readonly tally: StreamTally
  /** Most bytes; 0: no limit. */
  readonly most: number
  /** The body can never be complete. */
  readonly onFailed: (error: TaipanError) => void
}

/** Moves the body of one request from its stream, as far as it has room; the window of the stream closes behind what is left. */
export class StreamBody {
  /** The client has sent all of it. */
  ended = false
  /** Changes when bytes arrive. */
  activity = 0
  readonly #parts: StreamBodyParts
  #received = 0
  /** Bytes that the tally knows of. */
  #held = 0
  #stopped = false
  #resuming = false

  constructor(parts: StreamBodyParts) {
    this.#parts = parts
    parts.stream.on('readable', this.#onReadable)
    parts.stream.on('end', this.#onEnd)
  }

  /** The client must send more of the body. */
  get awaited(): boolean {
    const { body } = this.#parts
    return !this.ended && !this.#stopped && body.room > 0 && !body.expectsContinue
  }

  /** The body has room again, or was requested. */
  resume(): void {
    if (this.#resuming || this.#stopped) return
    this.#resuming = true
    process.nextTick(() => {
      this.#resuming = false
      this.#fill()
    })
  }

  /** Nobody reads it any more. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#parts.tally.add(-this.#held)
    this.#held = 0
    this.#parts.stream.off('readable', this.#onReadable)
  }

  readonly #onReadable = (): void => {
    this.activity += 1
    this.#fill()
  }

  readonly #onEnd = (): void => {
    this.ended = true
    if (this.#stopped) return
    const { body } = this.#parts
    body.finish()
    body.onProgress?.()
  }

  #fill(): void {
    if (this.#stopped || this.ended) return
    const { stream, body, most } = this.#parts
    while (body.room > 0 && stream.readableLength > 0) {
      const piece: unknown = stream.read(Math.min(body.room, stream.readableLength))
      if (!Buffer.isBuffer(piece)) break
      this.#received += piece.length
      if (most > 0 && this.#received > most) {
        this.#parts.onFailed(
          new TaipanError('BODY_TOO_LARGE', `the body is longer than ${most} bytes`),
        )
        return
      }
      body.push(piece)
    }
    // Lets Node read more, or notice the end.
    if (stream.readableLength === 0) stream.read(0)
    this.#count()
    body.onProgress?.()
  }

  #count(): void {
    const { stream, body, tally } = this.#parts
    const held = body.buffered + stream.readableLength
    tally.add(held - this.#held)
    this.#held = held
  }
}
