import type { WebSocketClose } from '../../core/exchange.ts'

/** The close of a WebSocket whose connection was lost. */
export const LOST: WebSocketClose = { code: 1006, reason: '' }

const MAX_REASON_BYTES = 123
const INTERNAL_ERROR = 1011

/** The close code for an error that `ws` found in the input. */
export function toCloseCode(error: Error): number {
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return 1009
  if (code === 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH') return 1009
  if (code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS') return 1008
  if (code === 'WS_ERR_INVALID_UTF8') return 1007
  // Errors of zlib for data that cannot be decompressed.
  return code.startsWith('WS_ERR_') ? 1002 : 1007
}

/** A close that may be sent: an illegal code becomes 1011, a reason over 123 bytes is cut between characters. */
export function toSendable(close: WebSocketClose): WebSocketClose {
  const code = isSendable(close.code) ? close.code : INTERNAL_ERROR
  return { code, reason: shorten(close.reason) }
}

// RFC 6455, 7.4: 1004 is reserved; 1005, 1006 and 1015 are never sent.
function isSendable(code: number): boolean {
  if (!Number.isInteger(code)) return false
  if (code >= 3000) return code <= 4999
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)
}

function shorten(reason: string): string {
  const bytes = Buffer.from(reason, 'utf8')
  if (bytes.length <= MAX_REASON_BYTES) return reason
  let end = MAX_REASON_BYTES
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}
