import { TaipanError } from '../../core/errors.ts'
import { FIELD_VALUE, TOKEN } from '../../core/field-syntax.ts'
import { COLON, CR, LF } from './characters.ts'
import type { Http1Limits } from './limits.ts'
import { createMalformed } from './malformed.ts'

const LINE_START = 0
const NAME = 1
const VALUE = 2
const LINE_LF = 3
const LAST_LF = 4
const DONE = 5

/** Fields that are forbidden in trailers (RFC 9110, 6.5.1) and refused by llhttp. */
const FRAMING_NAMES = new Set(['content-length', 'transfer-encoding'])
/** Names are cut at this length: one more than the longest of those, so that a longer name never equals one. */
const LONGEST_NAME = 18

/** Checks trailer lines and drops them: merged into the header they could smuggle fields. */
export class TrailerChecker {
  readonly #limits: Http1Limits
  #state = LINE_START
  #bytes = 0
  #lines = 0
  #name = ''

  constructor(limits: Http1Limits) {
    this.#limits = limits
  }

  /** The empty line has been read. */
  get done(): boolean {
    return this.#state === DONE
  }

  /** Reads from `start` and returns the index after the last byte used. Throws for invalid trailers. */
  read(input: Buffer, start: number): number {
    let at = start
    while (at < input.length && this.#state !== DONE) this.#step(input[at++] ?? 0)
    return at
  }

  #step(byte: number): void {
    if (++this.#bytes > this.#limits.headerBytes) throw createTooLarge()
    switch (this.#state) {
      case LINE_START:
        this.#startLine(byte)
        return
      case NAME:
        this.#readName(byte)
        return
      case VALUE:
        if (byte === CR) this.#state = LINE_LF
        else if (FIELD_VALUE[byte] !== 1)
          throw createMalformed('a trailer value has a control character')
        return
      default:
        if (byte !== LF) throw createMalformed('a trailer line does not end with CRLF')
        this.#state = this.#state === LAST_LF ? DONE : LINE_START
    }
  }

  #startLine(byte: number): void {
    if (byte === CR) {
      this.#state = LAST_LF
      return
    }
    if (TOKEN[byte] !== 1) throw createMalformed('a trailer line does not begin with a name')
    if (++this.#lines > this.#limits.headerCount) throw createTooLarge()
    this.#state = NAME
    this.#name = String.fromCharCode(byte)
  }

  #readName(byte: number): void {
    if (byte === COLON) {
      if (FRAMING_NAMES.has(this.#name.toLowerCase()))
        throw createMalformed('a trailer is Content-Length or Transfer-Encoding')
      this.#state = VALUE
      return
    }
    if (TOKEN[byte] !== 1) throw createMalformed('a trailer name is not a token')
    if (this.#name.length < LONGEST_NAME) this.#name += String.fromCharCode(byte)
  }
}

function createTooLarge(): TaipanError {
  return new TaipanError('FIELDS_TOO_LARGE', 'the trailers are too large')
}
