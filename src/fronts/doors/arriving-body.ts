import { TaipanError } from '../../core/errors.ts'
import { createBodyError } from '../../wire/cgi-request/request.ts'
import type { IncomingBody } from '../exchange/incoming-body.ts'

/** What is known of a body before it arrives. */
export interface ArrivingBodyOptions {
  /** In bytes; undefined: until its end. */
  readonly length: number | undefined
  /** Most bytes; 0: no limit. */
  readonly most: number
}

/** The bytes of a request body on their way from the connection to the exchange, which takes them as it has room. */
export class ArrivingBody {
  readonly #most: number
  #queue: Buffer[] = []
  #left: number
  #received = 0
  #ended: boolean

  constructor({ length, most }: ArrivingBodyOptions) {
    this.#most = most === 0 ? Number.POSITIVE_INFINITY : most
    this.#left = length ?? Number.POSITIVE_INFINITY
    this.#ended = length === 0
  }

  /** Bytes have arrived that the exchange has no room for. */
  get blocked(): boolean {
    return this.#queue.length > 0
  }

  /** The front server has sent all of it. */
  get ended(): boolean {
    return this.#ended
  }

  /** Takes bytes that have arrived; those beyond its length are none of the body. Throws for a body over the limit. */
  push(chunk: Buffer): void {
    if (this.#ended) return
    const piece = chunk.length > this.#left ? chunk.subarray(0, this.#left) : chunk
    this.#left -= piece.length
    this.#received += piece.length
    if (this.#received > this.#most) throw createBodyError(this.#most)
    if (piece.length > 0) this.#queue.push(piece)
    if (this.#left === 0) this.#ended = true
  }

  /** No more follows. */
  end(): void {
    this.#ended = true
  }

  /** Moves what has arrived, as far as there is room. Returns an error if the body can never be complete. */
  moveTo(body: IncomingBody): TaipanError | undefined {
    for (let first = this.#queue[0]; first !== undefined && body.room > 0; first = this.#queue[0]) {
      const piece = first.subarray(0, body.room)
      if (piece.length === first.length) this.#queue.shift()
      else this.#queue[0] = first.subarray(piece.length)
      body.push(piece)
    }
    if (!this.#ended || this.blocked || body.complete) return undefined
    if (this.#left > 0 && this.#left !== Number.POSITIVE_INFINITY)
      return new TaipanError('REQUEST_MALFORMED', 'the request body is incomplete')
    body.finish()
    return undefined
  }
}
