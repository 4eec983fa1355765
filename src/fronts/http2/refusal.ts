import type { ServerHttp2Stream } from 'node:http2'

import { TaipanError } from '../../core/errors.ts'
import { createTextHead } from '../../core/response-head.ts'
import { reasonPhrase } from '../../core/status.ts'
import type { Http2Context } from './http2-context.ts'

/** Answers a request that the front itself refuses. What is left of its body is not wanted. */
export function refuseStream(
  stream: ServerHttp2Stream,
  error: TaipanError,
  { encoder, refusals }: Pick<Http2Context, 'encoder' | 'refusals'>,
): void {
  const status = error.facts.status ?? 400
  refusals.note({ status, code: error.code }, `request refused: ${error.message}`)
  if (stream.destroyed || stream.closed || stream.headersSent) return
  const body = `${reasonPhrase(status)}: ${error.message}\n`
  const further = status === 503 ? ['Retry-After', '5'] : []
  const version = status === 426 ? ['Sec-WebSocket-Version', '13'] : []
  const head = createTextHead(status, body.length, [...further, ...version])
  stream.once('finish', () => {
    if (!stream.closed) stream.close()
  })
  stream.respond(encoder.encode(head, undefined))
  stream.end(body, 'latin1')
}

/** Errors of the parser as they are; any other error is a bug of Taipan. */
export function toRefusable(error: unknown): TaipanError {
  if (error instanceof TaipanError) return error
  return new TaipanError('INTERNAL', 'the request could not be parsed', { cause: error })
}
