import { answerError, type ErrorAnswer } from '../../core/answer-error.ts'
import { ERRORS, type ErrorCode, type ErrorFacts } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'

// Below, the client or the application is at fault.
const FIRST_STATUS = 502

/** Answers requests that a group cannot serve, and counts them. */
export class Failures {
  #count = 0

  /** Exchanges that got 502, 503 or 504 from here, or whose response was aborted in place of that. */
  get count(): number {
    return this.#count
  }

  /** Answers as `answerError` does. */
  answer(exchange: Exchange, code: ErrorCode, answer?: ErrorAnswer): void {
    const { status = 0 }: ErrorFacts = ERRORS[code]
    if (status >= FIRST_STATUS) this.#count += 1
    answerError(exchange, code, answer)
  }

  /** Answers an exchange that no worker can take now. */
  refuse(exchange: Exchange, code: ErrorCode, detail?: string): void {
    this.answer(exchange, code, { fields: ['Retry-After', '1'], detail })
  }
}
