import { answerError, RETRY_SOON, type ErrorAnswer } from '../../core/answer-error.ts'
import { ERRORS, type ErrorCode, type ErrorFacts } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'

// Lower statuses mean a fault of the client or the application.
const FIRST_STATUS = 502

/** Answers requests that a group cannot serve, and counts them. */
export class Failures {
  #count = 0

  /** Exchanges answered with 502, 503 or 504, or aborted instead because a response had begun. */
  get count(): number {
    return this.#count
  }

  /** As `answerError`, and counts it. */
  answer(exchange: Exchange, code: ErrorCode, answer?: ErrorAnswer): void {
    const { status = 0 }: ErrorFacts = ERRORS[code]
    if (status >= FIRST_STATUS) this.#count += 1
    answerError(exchange, code, answer)
  }

  /** Answers an exchange that no worker can serve now, with Retry-After. */
  refuse(exchange: Exchange, code: ErrorCode, detail?: string): void {
    this.answer(exchange, code, { ...RETRY_SOON, detail })
  }
}
