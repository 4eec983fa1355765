import type { ErrorCode, ErrorFacts } from './errors.ts'
import { ERRORS, TaipanError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { FieldPairs } from './response-head.ts'
import { createResponseHead } from './response-head.ts'

const PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  408: 'Request Timeout',
  411: 'Length Required',
  413: 'Content Too Large',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
}

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
  const text = detail ?? PHRASES[facts.status] ?? 'Error'
  const body = Buffer.from(`${text}\n`, 'utf8')
  const fields = [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    String(body.length),
    ...extraFields,
  ]
  response.send(createResponseHead(facts.status, fields), body)
}
