import type { ErrorCode } from '../../core/errors.ts'
import { TaipanError } from '../../core/errors.ts'
import { CollectedBytes } from '../collected-bytes.ts'

/** Digits of a netstring's length that are read at most. */
const LENGTH_DIGITS = 9
const COLON = 0x3a
const COMMA = 0x2c
const ZERO = 0x30
const NINE = 0x39

/**
 * The head of a request, which its body follows. `variables` are names and values in turn, one character per byte; those of
 * `CONTENT_LENGTH` and `SCGI` are made here: the protocol asks for both, for the length as the first one, and for no name
 * twice. Throws `REQUEST_MALFORMED` for a NUL, behind which a client could write variables of its own.
 */
export function formatScgiHead(variables: readonly string[], contentLength: number): Buffer {
  const parts = ['CONTENT_LENGTH', String(contentLength), 'SCGI', '1']
  for (let i = 0; i < variables.length; i += 2) {
    const name = variables[i] ?? ''
    const value = variables[i + 1] ?? ''
    if (name.includes('\0') || value.includes('\0'))
      throw new TaipanError('REQUEST_MALFORMED', `${name} has a NUL, which ends values`)
    if (name !== 'CONTENT_LENGTH' && name !== 'SCGI') parts.push(name, value)
  }
  const headers = `${parts.join('\0')}\0`
  return Buffer.from(`${headers.length}:${headers},`, 'latin1')
}

/** A head that has arrived. */
export interface ScgiHead {
  /** Names and values in turn; only those of header fields may be there more than once. */
  readonly variables: readonly string[]
  /** Length of the body in bytes. */
  readonly contentLength: number
  /** The beginning of the body. */
  readonly rest: Buffer
}

/** Collects the head of a request that arrives in pieces; throws errors of a code. */
export class ScgiHeadDecoder {
  readonly #limit: number
  readonly #code: ErrorCode
  readonly #collected = new CollectedBytes()
  #size: number | undefined
  #from = 0

  /** `limit` is in bytes of all variables. */
  constructor(limit: number, code: ErrorCode) {
    this.#limit = limit
    this.#code = code
  }

  /** The head, once it is whole. Do not call it again after that. */
  push(chunk: Buffer): ScgiHead | undefined {
    this.#collected.push(chunk)
    this.#size ??= this.#readSize(this.#collected.join())
    if (this.#size === undefined) return undefined
    const end = this.#from + this.#size
    if (this.#collected.length <= end) return undefined
    const bytes = this.#collected.join()
    if (bytes[end] !== COMMA) throw this.#broken('the netstring has no comma at its end')
    const text = bytes.toString('latin1', this.#from, end)
    return { ...this.#parse(text), rest: bytes.subarray(end + 1) }
  }

  /** The length of the netstring; undefined before its colon. */
  #readSize(bytes: Buffer): number | undefined {
    const colon = bytes.subarray(0, LENGTH_DIGITS + 1).indexOf(COLON)
    const digits = bytes.subarray(0, colon === -1 ? LENGTH_DIGITS + 1 : colon)
    if (digits.some((byte) => byte < ZERO || byte > NINE))
      throw this.#broken('a request begins with a length and a colon')
    if (colon === -1 && bytes.length <= LENGTH_DIGITS) return undefined
    if (colon < 1 || (digits[0] === ZERO && colon > 1))
      throw this.#broken('the length of the netstring is no number')
    const size = Number(digits.toString('latin1'))
    if (size > this.#limit)
      throw new TaipanError(
        'FIELDS_TOO_LARGE',
        `the variables are longer than ${this.#limit} bytes`,
      )
    this.#from = colon + 1
    return size
  }

  #parse(text: string): Omit<ScgiHead, 'rest'> {
    if (!text.endsWith('\0')) throw this.#broken('the last variable has no end')
    const variables = text.slice(0, -1).split('\0')
    if (variables.length % 2 === 1) throw this.#broken('a variable has no value')
    const names = variables.filter((_, index) => index % 2 === 0)
    // nginx repeats those of repeated header fields, though the protocol forbids it.
    const once = names.filter((name) => !name.startsWith('HTTP_'))
    if (new Set(once).size < once.length) throw this.#broken('a variable is there twice')
    if (names.includes('')) throw this.#broken('a variable has no name')
    const [, length = ''] = variables
    if (names[0] !== 'CONTENT_LENGTH' || !/^\d{1,15}$/.test(length))
      throw this.#broken('the first variable is not CONTENT_LENGTH with a number')
    if (variables[names.indexOf('SCGI') * 2 + 1] !== '1')
      throw this.#broken('there is no variable SCGI with the value 1')
    return { variables, contentLength: Number(length) }
  }

  #broken(reason: string): TaipanError {
    return new TaipanError(this.#code, `not SCGI: ${reason}`)
  }
}
