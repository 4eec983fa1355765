import { ChunkedDecoder } from './chunked-decoder.ts'
import { CR, LF } from './characters.ts'
import type { Http1Limits } from './limits.ts'
import { createMalformed } from './malformed.ts'
import { PartialHead } from './partial-head.ts'
import { CHUNKED, RequestHeadParser, type Http1Request } from './request-head.ts'

const EMPTY = Buffer.alloc(0)
const HEAD_END = Buffer.from('\r\n\r\n')
const MAX_EMPTY_LINES = 2

/**
 * Decodes the requests of a connection, without I/O: `feed` the bytes, call `readHead`, then `readBody` until `bodyDone`,
 * and repeat. Must not be used again after it threw.
 */
export class RequestDecoder {
  readonly #limits: Http1Limits
  readonly #parser: RequestHeadParser
  readonly #partial: PartialHead
  /** Allocation that `#input` is in; the bytes after `#input` are free. */
  #store: Buffer | undefined
  #input: Buffer = EMPTY
  #at = 0
  #emptyLines = 0
  #remaining = 0
  #chunks: ChunkedDecoder | undefined

  constructor(limits: Http1Limits) {
    this.#limits = limits
    this.#parser = new RequestHeadParser(limits)
    this.#partial = new PartialHead(limits)
  }

  /** Bytes fed but not yet read. */
  get buffered(): number {
    return this.#input.length - this.#at
  }

  /** The body of the last head has been read; true before the first head, too. */
  get bodyDone(): boolean {
    return this.#remaining === 0 && this.#chunks === undefined
  }

  /** Adds bytes without copying, unless earlier ones are still unread. They must not change afterwards. */
  feed(chunk: Buffer): void {
    const left = this.buffered
    if (left === 0) {
      this.#input = chunk
      this.#store = undefined
      this.#at = 0
    } else {
      this.#append(chunk)
    }
  }

  /** The next head; undefined until it is complete. Throws a `TaipanError` for an invalid request. */
  readHead(): Http1Request | undefined {
    if (!this.#skipEmptyLines()) return undefined
    const input = this.#input
    const from = Math.max(this.#at, this.#at + this.#partial.checked - 3)
    const found = input.indexOf(HEAD_END, from)
    if (found < 0) {
      this.#partial.check(input.subarray(this.#at))
      return undefined
    }
    const end = found + HEAD_END.length
    const request = this.#parser.parse(input.toString('latin1', this.#at, end))
    this.#consume(end)
    this.#partial.reset()
    this.#emptyLines = 0
    if (request.bodyLength === CHUNKED) this.#chunks = new ChunkedDecoder(this.#limits)
    else this.#remaining = request.bodyLength
    return request
  }

  /**
   * The next piece of the body, at most `room` bytes; undefined when none are available now. The piece is a view of the fed
   * bytes and stays unchanged. Throws a `TaipanError` for malformed chunks and for a body over the limit.
   */
  readBody(room: number): Buffer | undefined {
    if (this.#chunks !== undefined) return this.#readChunks(this.#chunks, room)
    const size = Math.min(room, this.#remaining, this.buffered)
    if (size === 0) return undefined
    const start = this.#at
    const piece = this.#input.subarray(start, start + size)
    this.#remaining -= size
    this.#consume(start + size)
    return piece
  }

  /** Whether the unread bytes begin with these. */
  beginsWith(bytes: Uint8Array): boolean {
    return this.#input.subarray(this.#at, this.#at + bytes.length).equals(bytes)
  }

  /** All unread bytes; they belong to another protocol (after an upgrade). */
  takeRest(): Buffer {
    const rest = this.#input.subarray(this.#at)
    this.#consume(this.#input.length)
    return rest
  }

  #readChunks(chunks: ChunkedDecoder, room: number): Buffer | undefined {
    const piece = chunks.read(this.#input, this.#at, room)
    this.#consume(chunks.position)
    if (chunks.done) this.#chunks = undefined
    return piece
  }

  /** False when no other byte has arrived. */
  #skipEmptyLines(): boolean {
    const input = this.#input
    while (this.#at < input.length) {
      const first = input[this.#at]
      if (first === LF) throw createMalformed('a line does not end with CRLF')
      if (first !== CR) return true
      if (this.#at + 1 === input.length) return false
      if (input[this.#at + 1] !== LF) throw createMalformed('a line does not end with CRLF')
      // RFC 9112, 2.2: old clients send an empty line or two.
      if (++this.#emptyLines > MAX_EMPTY_LINES) throw createMalformed('too many empty lines')
      this.#consume(this.#at + 2)
      if (this.#input !== input) return false
    }
    return false
  }

  #consume(end: number): void {
    if (end < this.#input.length) {
      this.#at = end
      return
    }
    this.#input = EMPTY
    this.#store = undefined
    this.#at = 0
  }

  /** Doubles the allocation when it is full. Never moves bytes within it, because pieces may be views of them. */
  #append(chunk: Buffer): void {
    const used = this.#input.length
    const needed = used + chunk.length
    if (this.#store !== undefined && this.#store.length >= needed) {
      chunk.copy(this.#store, used)
      this.#input = this.#store.subarray(0, needed)
      return
    }
    const left = this.buffered
    const store = Buffer.allocUnsafeSlow(Math.max(512, (left + chunk.length) * 2))
    this.#input.copy(store, 0, this.#at)
    chunk.copy(store, left)
    this.#store = store
    this.#input = store.subarray(0, left + chunk.length)
    this.#at = 0
  }
}
