import type { RequestBody } from '../../core/exchange.ts'

const READ_AHEAD_BYTES = 65_536
const SMALL_PIECE_BYTES = 16_384

/** What the head of a request says about its body. */
export interface BodyAnnouncement {
  /** Bytes; negative when the length is unknown. */
  readonly bodyLength: number
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean
}

/** Source of the bytes of a body. */
export interface BodySource {
  /** The body has room again, or was requested. */
  resumeBody(): void
  /** Sends `100 Continue`. */
  sendContinue(): void
}

/** The body of a request, between the connection that fills it and the reader. */
export class IncomingBody implements RequestBody {
  onProgress: (() => void) | undefined
  error: Error | undefined
  complete: boolean
  buffered = 0
  /** Bytes that have arrived. */
  received = 0
  readonly #source: BodySource
  readonly #announced: number
  #pieces: Uint8Array[] = []
  #window = READ_AHEAD_BYTES
  #heldBack: boolean

  constructor(source: BodySource, { bodyLength, expectsContinue }: BodyAnnouncement) {
    this.#source = source
    this.#announced = bodyLength
    this.#heldBack = expectsContinue
    this.complete = bodyLength === 0
  }

  get length(): number | undefined {
    if (this.#announced >= 0) return this.#announced
    return this.complete ? this.received : undefined
  }

  get expectsContinue(): boolean {
    return this.#heldBack && this.received === 0 && !this.complete
  }

  /** Bytes that the connection may still add. */
  get room(): number {
    return Math.max(0, this.#window - this.buffered)
  }

  /** Bytes that have not arrived; undefined for a body of unknown length. */
  get missing(): number | undefined {
    if (this.complete) return 0
    return this.#announced < 0 ? undefined : this.#announced - this.received
  }

  request(bytes: number): void {
    if (this.complete || this.error !== undefined) return
    this.#window = Math.max(this.#window, bytes)
    if (this.expectsContinue) this.#source.sendContinue()
    this.#heldBack = false
    this.#source.resumeBody()
  }

  take(limit: number = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    const first = this.#pieces[0]
    if (first === undefined || limit <= 0) return undefined
    const taken = this.#remove(first, limit)
    this.buffered -= taken.length
    if (!this.complete) this.#source.resumeBody()
    return taken
  }

  /** Adds bytes that arrived. Does not call `onProgress`. */
  push(piece: Uint8Array): void {
    this.received += piece.length
    this.buffered += piece.length
    const pieces = this.#pieces
    pieces.push(piece)
    // Joins small pieces of equal size, so that a client that sends single bytes does not cost a buffer for each.
    while (pieces.length > 1) {
      const [before, last] = [pieces.at(-2), pieces.at(-1)]
      if (before === undefined || last === undefined) return
      if (last.length < before.length || last.length > SMALL_PIECE_BYTES) return
      pieces.splice(-2, 2, Buffer.concat([before, last]))
    }
  }

  finish(): void {
    this.complete = true
  }

  /** The body will never be complete. Calls `onProgress`. */
  fail(error: Error): void {
    if (this.complete || this.error !== undefined) return
    this.error = error
    this.onProgress?.()
  }

  /** Drops what is buffered, because nobody will read it. */
  discard(): void {
    this.onProgress = undefined
    this.#pieces = []
    this.buffered = 0
  }

  #remove(first: Uint8Array, limit: number): Uint8Array {
    if (first.length > limit) {
      this.#pieces[0] = first.subarray(limit)
      return first.subarray(0, limit)
    }
    this.#pieces.shift()
    if (this.#pieces.length === 0 || first.length === limit) return first
    const parts = [first]
    let size = first.length
    for (let next = this.#pieces[0]; next !== undefined && size < limit; next = this.#pieces[0]) {
      const part = next.subarray(0, limit - size)
      if (part.length === next.length) this.#pieces.shift()
      else this.#pieces[0] = next.subarray(part.length)
      parts.push(part)
      size += part.length
    }
    return Buffer.concat(parts, size)
  }
}
