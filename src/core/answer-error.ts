import type { ErrorCode, ErrorFacts } from './errors.ts'
import { ERRORS, TaipanError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { FieldPairs } from './field-block.ts'
import { createTextHead } from './response-head.ts'
import { reasonPhrase } from './status.ts'

/** Optional parts of the answer to an error. */
export interface ErrorAnswer {
  readonly fields?: FieldPairs
  /** Replaces the neutral text; for development only. */
  readonly detail?: string | undefined
}

/** For failures that may be over in a moment. */
export const RETRY_SOON = { fields: ['Retry-After', '1'] } as const satisfies ErrorAnswer

/**
 * Answers with the status of an error and a short neutral text.
 * Aborts the response when it has begun already or the error has no status.
 */
export function answerError(
  exchange: Exchange,
  code: ErrorCode,
  { fields, detail }: ErrorAnswer = {},
): void {
  const { response } = exchange
  const facts: ErrorFacts = ERRORS[code]
  if (response.begun || facts.status === undefined) {
    response.abort(new TaipanError(code, facts.summary))
    return
  }
  const text = detail ?? reasonPhrase(facts.status)
  const body = Buffer.from(`${text}\n`, 'utf8')
  const head = createTextHead(facts.status, body.length, fields)
  response.send({ ...head, standsIn: true, explains: detail !== undefined }, body)
}
