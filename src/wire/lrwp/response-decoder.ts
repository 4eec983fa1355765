import { TaipanError } from '../../core/errors.ts'
import { LENGTH_DIGITS, PART_LIMIT, parseLength } from './lengths.ts'

/** Takes a response to pieces: nine digits, and as many bytes of CGI output. Holds no more than the digits. */
export class ResponseDecoder {
  readonly #limit: number
  #digits = Buffer.alloc(0)
  #missing: number | undefined

  /** `limit`: bytes of the longest output that is taken. */
  constructor(limit = PART_LIMIT) {
    this.#limit = limit
  }

  /** The whole response has arrived. */
  get done(): boolean {
    return this.#missing === 0
  }

  /**
   * The part of the output that is in `chunk`, perhaps empty. Throws `UPSTREAM_FAILED` for digits that are none or tell
   * too much, and for bytes behind the response, which nobody has asked for.
   */
  push(chunk: Buffer): Buffer {
    const output = this.#missing === undefined ? this.#readLength(chunk) : chunk
    const missing = this.#missing ?? 0
    if (output.length > missing)
      throw new TaipanError('UPSTREAM_FAILED', 'the peer has sent more than its response')
    if (this.#missing !== undefined) this.#missing -= output.length
    return output
  }

  /** What follows the digits. */
  #readLength(chunk: Buffer): Buffer {
    const more = LENGTH_DIGITS - this.#digits.length
    this.#digits = Buffer.concat([this.#digits, chunk.subarray(0, more)])
    if (this.#digits.length === LENGTH_DIGITS) {
      this.#missing = parseLength(this.#digits)
      if (this.#missing === undefined)
        throw new TaipanError('UPSTREAM_FAILED', 'the response of the peer begins with no length')
      if (this.#missing > this.#limit)
        throw new TaipanError(
          'UPSTREAM_FAILED',
          `the peer announces a response of ${this.#missing} bytes; the limit is ${this.#limit}`,
        )
    }
    return chunk.subarray(more)
  }
}
