import type { FieldBlock } from '../../core/field-block.ts'
import { HOP_BY_HOP } from '../../core/field-syntax.ts'
import type { Logger } from '../../core/logger.ts'
import type { ResponseEncoder } from '../../wire/http1/response-encoder.ts'
import type { Handshake } from './handshake.ts'

/** How an application accepts a WebSocket. */
export interface Acceptance {
  /** Empty for none. */
  readonly subprotocol: string
  readonly fields: FieldBlock
}

/** What the lines of an answer depend on. */
export interface AnswerContext {
  readonly handshake: Handshake
  readonly encoder: ResponseEncoder
  readonly logger: Logger
  /** Value of X-Request-Id, unless the application gives one; undefined for none. */
  readonly requestId?: string | undefined
}

/** The header lines of the answer to a handshake that are not the handshake's own, without line ends. */
export function formatAnswerLines(
  { subprotocol, fields }: Acceptance,
  { handshake, encoder, logger, requestId }: AnswerContext,
): string[] {
  const lines = fields.text.split('\r\n').filter((line) => line !== '' && !isOwn(line))
  const hasDate = lines.some((line) => /^date:/i.test(line))
  const hasServer = lines.some((line) => /^server:/i.test(line))
  const origin = encoder.formatOrigin({ hasDate, hasServer })
  lines.push(...origin.split('\r\n').filter((line) => line !== ''))
  if (requestId !== undefined && !encoder.hasRequestId(fields.text))
    lines.push(`X-Request-Id: ${requestId}`)
  const offered = handshake.subprotocols
  if (subprotocol === '') return lines
  // Clients fail the connection if the subprotocol is not one they offered (RFC 6455, 4.1), so none is sent then.
  if (offered.includes(subprotocol)) lines.push(`Sec-WebSocket-Protocol: ${subprotocol}`)
  else
    logger.warn(
      { subprotocol, offered },
      'the application chose a WebSocket subprotocol that the client did not offer; none is used',
    )
  return lines
}

/** Fields that the handshake sets itself or that a 101 must not have (RFC 9110, 8.6). */
function isOwn(line: string): boolean {
  const name = line.slice(0, line.indexOf(':')).toLowerCase()
  return name.startsWith('sec-websocket-') || name === 'content-length' || HOP_BY_HOP.has(name)
}
