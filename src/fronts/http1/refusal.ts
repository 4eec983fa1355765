import { TaipanError } from '../../core/errors.ts'
import { FieldBlock } from '../../core/field-block.ts'
import { createTextHead, type ResponseHead } from '../../core/response-head.ts'
import { reasonPhrase } from '../../core/status.ts'
import type { ResponseEncoder } from '../../wire/http1/response-encoder.ts'
import { WEB_SOCKET_VERSION } from '../web-socket/handshake.ts'

/** A response by which the front itself refuses a request; the connection is closed after it. */
export interface Refusal {
  readonly status: number
  /** The whole response, latin-1. */
  readonly text: string
}

/** The response for an error that has an HTTP status. Messages of such errors never quote the request. */
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

/** The head of a refusal with a body of `length` bytes. */
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

// RFC 6455, 4.4, and RFC 9110, 7.8: Connection has to name Upgrade.
function withVersion(head: ResponseHead): ResponseHead {
  const lines = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: ${WEB_SOCKET_VERSION}\r\n`
  return { ...head, fields: new FieldBlock(head.fields.text + lines) }
}

/** Errors of the decoder as they are; any other error is a bug of Taipan. */
export function toRefusable(error: unknown): TaipanError {
  if (error instanceof TaipanError) return error
  return new TaipanError('INTERNAL', 'the request could not be parsed', { cause: error })
}
