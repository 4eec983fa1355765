import { TaipanError } from '../../core/errors.ts'
import { FIELD_VALUE, TOKEN } from '../../core/field-syntax.ts'
import { CR, HEX_VALUE, HTAB, LF, SPACE } from './characters.ts'
import type { Http1Limits } from './limits.ts'
import { createMalformed } from './malformed.ts'
import { TrailerChecker } from './trailer-checker.ts'

const EXTENSION_BYTES_PER_CHUNK = 4096
const EXTENSION_BYTES_PER_BODY = 65_536
const MAX_SIZE_DIGITS = 16

const SIZE = 0
const EXTENSION_NAME_START = 1
const EXTENSION_NAME = 2
const EXTENSION_VALUE_START = 3
const EXTENSION_VALUE = 4
const QUOTED = 5
const QUOTED_PAIR = 6
const QUOTED_END = 7
const SIZE_LF = 8
const DATA = 9
const DATA_CR = 10
const DATA_LF = 11
const TRAILERS = 12
const DONE = 13

const EQUALS = 0x3d
const QUOTE = 0x22
const SEMICOLON = 0x3b
const BACKSLASH = 0x5c

/** Decodes one chunked body (RFC 9112, 7.1) that arrives in pieces of any size. */
export class ChunkedDecoder {
  /** Index after the last byte that {@link read} consumed. */
  position = 0
  /** Sum of the sizes of all chunks so far. */
  total = 0
  readonly #limits: Http1Limits
  #state = SIZE
  #digits = 0
  #size = 0
  #chunkExtension = 0
  #bodyExtension = 0
  #trailers: TrailerChecker | undefined

  constructor(limits: Http1Limits) {
    this.#limits = limits
  }

  /** The last chunk and the trailers have been read. */
  get done(): boolean {
    return this.#state === DONE
  }

  /**
   * The next body bytes, at most `room`, of `input` from `start`; undefined when none are left in it or in the body.
   * Throws for malformed chunks and for a body over the limit.
   */
  read(input: Buffer, start: number, room: number): Buffer | undefined {
    let at = start
    const end = input.length
    while (at < end && this.#state !== DONE) {
      if (this.#state === DATA) {
        const size = Math.min(this.#size, room, end - at)
        this.position = at + size
        this.#size -= size
        if (this.#size === 0) this.#state = DATA_CR
        return size === 0 ? undefined : input.subarray(at, at + size)
      }
      if (this.#state === TRAILERS) at = this.#readTrailers(input, at)
      else this.#step(input[at++] ?? 0)
    }
    this.position = at
    return undefined
  }

  #step(byte: number): void {
    switch (this.#state) {
      case SIZE:
        this.#readSize(byte)
        return
      case SIZE_LF:
        if (byte !== LF) throw createMalformed('a chunk size line does not end with CRLF')
        this.#endSizeLine()
        return
      case DATA_CR:
        if (byte !== CR) throw createMalformed('a chunk is longer than its size')
        this.#state = DATA_LF
        return
      case DATA_LF:
        if (byte !== LF) throw createMalformed('a chunk does not end with CRLF')
        this.#state = SIZE
        return
      default:
        this.#readExtension(byte)
    }
  }

  #readSize(byte: number): void {
    const digit = HEX_VALUE[byte] ?? 255
    if (digit !== 255) {
      if (++this.#digits > MAX_SIZE_DIGITS) throw createMalformed('a chunk size is too long')
      this.#size = this.#size * 16 + digit
      return
    }
    if (this.#digits === 0) throw createMalformed('a chunk has no size')
    if (byte === CR) this.#state = SIZE_LF
    else if (byte === SEMICOLON) this.#state = EXTENSION_NAME_START
    else throw createMalformed('a chunk size is not hexadecimal')
  }

  /** Checks and drops `*( ";" token [ "=" ( token / quoted-string ) ] )`. */
  #readExtension(byte: number): void {
    if (++this.#chunkExtension > EXTENSION_BYTES_PER_CHUNK)
      throw createMalformed('a chunk extension is too long')
    if (++this.#bodyExtension > EXTENSION_BYTES_PER_BODY)
      throw createMalformed('the chunk extensions are too long')
    const next = nextExtensionState(this.#state, byte)
    if (next < 0) throw createMalformed('a chunk extension is malformed')
    this.#state = next
  }

  #endSizeLine(): void {
    const size = this.#size
    this.#digits = 0
    this.#chunkExtension = 0
    if (size === 0) {
      this.#state = TRAILERS
      return
    }
    this.total += size
    const most = this.#limits.body === 0 ? Number.MAX_SAFE_INTEGER : this.#limits.body
    if (this.total > most)
      throw new TaipanError('BODY_TOO_LARGE', `the body is longer than ${most} bytes`)
    this.#state = DATA
  }

  #readTrailers(input: Buffer, start: number): number {
    this.#trailers ??= new TrailerChecker(this.#limits)
    const at = this.#trailers.read(input, start)
    if (this.#trailers.done) this.#state = DONE
    return at
  }
}

function nextExtensionState(state: number, byte: number): number {
  switch (state) {
    case EXTENSION_NAME_START:
      return TOKEN[byte] === 1 ? EXTENSION_NAME : -1
    case EXTENSION_NAME:
      if (TOKEN[byte] === 1) return EXTENSION_NAME
      return byte === EQUALS ? EXTENSION_VALUE_START : afterExtension(byte)
    case EXTENSION_VALUE_START:
      if (byte === QUOTE) return QUOTED
      return TOKEN[byte] === 1 ? EXTENSION_VALUE : -1
    case EXTENSION_VALUE:
      return TOKEN[byte] === 1 ? EXTENSION_VALUE : afterExtension(byte)
    case QUOTED:
      if (byte === QUOTE) return QUOTED_END
      if (byte === BACKSLASH) return QUOTED_PAIR
      return isQuotable(byte) ? QUOTED : -1
    case QUOTED_PAIR:
      return isQuotable(byte) ? QUOTED : -1
    default:
      return afterExtension(byte)
  }
}

function afterExtension(byte: number): number {
  if (byte === CR) return SIZE_LF
  return byte === SEMICOLON ? EXTENSION_NAME_START : -1
}

function isQuotable(byte: number): boolean {
  return byte === HTAB || (byte >= SPACE && FIELD_VALUE[byte] === 1)
}
