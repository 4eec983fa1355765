import { TaipanError } from '../../core/errors.ts'
import { FieldBlock } from '../../core/field-block.ts'
import { createTextHead, type ResponseHead } from '../../core/response-head.ts'
import { reasonPhrase } from '../../core/status.ts'
import type { ResponseEncoder } from '../../wire/http1/response-encoder.ts'
import { WEB_SOCKET_VERSION } from '../web-socket/handshake.ts'

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
  const head = formatRefusalHead(encoder, status, body.length)
  return { status, text: bodiless ? head : head + body }
}

/** The head of a refusal with a text of so many bytes. */
export function formatRefusalHead(
  encoder: ResponseEncoder,
  status: number,
  length: number,
): string {
  const head = createTextHead(status, length, status === 503 ? ['Retry-After', '5'] : [])
  return encoder.format(status === 426 ? withVersion(head) : head, {
    version: '1.1',
    framing: 'length',
    keepAlive: false,
    addedLength: undefined,
  })
}

// RFC 6455, 4.4, and RFC 9110, 7.8: Upgrade has to be named in Connection, too.
function withVersion(head: ResponseHead): ResponseHead {
  const lines = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: ${WEB_SOCKET_VERSION}\r\n`
  return { ...head, fields: new FieldBlock(head.fields.text + lines) }
}

/** What a decoder threw, as the refusal it stands for; anything else is a fault of ours. */
export function toRefusable(error: unknown): TaipanError {
  if (error instanceof TaipanError) return error
  return new TaipanError('INTERNAL', 'the request could not be read', { cause: error })
}
