import { TaipanError } from '../../core/errors.ts'
import type { FrontServerRole } from '../../core/exchange.ts'
import { parseCgiRequest, type CgiRequest } from '../../wire/cgi-request/request.ts'
import { PairDecoder } from '../../wire/fastcgi/pairs.ts'
import type { DoorContext } from '../doors/door-context.ts'

/** The PARAMS of a request, until they are complete. */
export class RequestVariables {
  readonly #context: DoorContext
  readonly #role: FrontServerRole
  readonly #pairs: PairDecoder
  #size = 0

  constructor(context: DoorContext, role: FrontServerRole) {
    this.#context = context
    this.#role = role
    this.#pairs = new PairDecoder(context.variableBytes, 'REQUEST_MALFORMED')
  }

  /** Takes a piece of PARAMS; the empty one is their end, and makes the request. Throws the error to refuse it with. */
  take(bytes: Buffer): CgiRequest | undefined {
    const { limits, variableBytes } = this.#context
    if (bytes.length === 0) return parseCgiRequest(this.#pairs.end(), { limits, role: this.#role })
    this.#size += bytes.length
    if (this.#size > variableBytes)
      throw new TaipanError(
        'FIELDS_TOO_LARGE',
        `the variables have more than ${variableBytes} bytes`,
      )
    this.#pairs.push(bytes)
    return undefined
  }
}
