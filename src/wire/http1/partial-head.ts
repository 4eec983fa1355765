import { TaipanError } from '../../core/errors.ts'
import { TOKEN } from '../../core/field-syntax.ts'
import { CR, HTAB, LF, SPACE } from './characters.ts'
import { LINE_OVERHEAD_BYTES, type Http1Limits } from './limits.ts'
import { createMalformed } from './malformed.ts'
import { parseRequestLine } from './request-line.ts'

const MAX_METHOD_BYTES = 32

/**
 * Checks an incomplete head, so that an invalid request is refused at once and not after a timeout, and the limits hold.
 * Reads each byte once.
 */
export class PartialHead {
  readonly #limits: Http1Limits
  #checked = 0
  #lineBytes = 0

  constructor(limits: Http1Limits) {
    this.#limits = limits
  }

  reset(): void {
    this.#checked = 0
    this.#lineBytes = 0
  }

  /** Bytes already searched for the end of the head. */
  get checked(): number {
    return this.#checked
  }

  /** `head` starts with the request line and grows between calls. Throws for an invalid head and for one over a limit. */
  check(head: Buffer): void {
    if (this.#lineBytes === 0) this.#checkMethod(head)
    this.#checkLineEnds(head)
    if (this.#lineBytes === 0) this.#checkRequestLine(head)
    this.#checked = head.length
    if (this.#lineBytes > 0 && head.length - this.#lineBytes > this.#limits.headerBytes + 4)
      throw new TaipanError(
        'FIELDS_TOO_LARGE',
        `the header has more than ${this.#limits.headerBytes} bytes`,
      )
  }

  #checkMethod(head: Buffer): void {
    let at = 0
    while (at < head.length && at <= MAX_METHOD_BYTES && TOKEN[head[at] ?? 0] === 1) at++
    if (at === head.length) return
    if (at === 0 || head[at] !== SPACE)
      throw createMalformed('the request does not begin with a method and a space')
  }

  #checkLineEnds(head: Buffer): void {
    let previous = head[this.#checked - 1] ?? 0
    for (let at = this.#checked; at < head.length; at++) {
      const byte = head[at] ?? 0
      if ((byte === LF) !== (previous === CR))
        throw createMalformed('a line does not end with CRLF')
      if (byte < SPACE && byte !== CR && byte !== LF && byte !== HTAB)
        throw createMalformed('the header has a control character')
      previous = byte
    }
  }

  #checkRequestLine(head: Buffer): void {
    const { targetBytes } = this.#limits
    const end = head.indexOf(LF, Math.max(0, this.#checked - 1))
    if (end >= 0) {
      this.#lineBytes = end + 1
      parseRequestLine(head.toString('latin1', 0, end + 1), targetBytes)
    } else if (head.length > targetBytes + LINE_OVERHEAD_BYTES) {
      throw new TaipanError(
        'TARGET_TOO_LONG',
        `the request target is longer than ${targetBytes} bytes`,
      )
    }
  }
}
