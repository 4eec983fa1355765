import type { ErrorCode, ErrorFacts } from './errors.ts'
import { ERRORS, TaipanError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { FieldPairs } from './response-head.ts'
import { createTextHead } from './response-head.ts'
import { reasonPhrase } from './status.ts'

/**
 * Answers an exchange with the status of an error and a short neutral text, or cuts the connection when
 * a response has begun already or the error has no status. `detail` replaces the text; give one in
 * development only.
 */
export function answerError(
  exchange: Exchange,
  code: ErrorCode,
  extraFields: FieldPairs = [],
  detail?: string,
): void {
  const { response } = exchange
  const facts: ErrorFacts = ERRORS[code]
  if (response.begun || facts.status === undefined) {
    response.abort(new TaipanError(code, facts.summary))
    return
  }
  const text = detail ?? reasonPhrase(facts.status)
  const body = Buffer.from(`${text}\n`, 'utf8')
  response.send(createTextHead(facts.status, body.length, extraFields), body)
}
