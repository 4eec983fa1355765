import { TaipanError } from '../../core/errors.ts'
import { createResponseHead } from '../../core/response-head.ts'
import { reasonPhrase } from '../../core/status.ts'
import type { ResponseEncoder } from '../../wire/http1/response-encoder.ts'

/** The answer by which the front itself refuses a request; the connection closes behind it. */
export interface Refusal {
  readonly status: number
  /** The whole answer, in latin-1. */
  readonly text: string
}

/** Makes the answer for an error that has an HTTP status. Messages of these errors never quote the client. */
export function createRefusal(
  encoder: ResponseEncoder,
  error: TaipanError,
  bodiless = false,
): Refusal {
  const status = error.facts.status ?? 400
  const body = `${reasonPhrase(status)}: ${error.message}\n`
  const fields = [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    String(body.length),
  ]
  if (status === 503) fields.push('Retry-After', '5')
  const head = encoder.format(createResponseHead(status, fields), {
    version: '1.1',
    framing: 'length',
    keepAlive: false,
    addedLength: undefined,
  })
  return { status, text: bodiless ? head : head + body }
}

/** What a decoder threw, as the refusal it stands for; anything else is a fault of ours. */
export function toRefusable(error: unknown): TaipanError {
  if (error instanceof TaipanError) return error
  return new TaipanError('INTERNAL', 'the request could not be read', { cause: error })
}
