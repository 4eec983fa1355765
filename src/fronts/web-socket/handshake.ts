import { TaipanError } from '../../core/errors.ts'
import type { RequestHead } from '../../core/exchange.ts'
import { isToken } from '../../core/field-syntax.ts'
import { splitList } from '../../wire/http1/list.ts'
import { createMalformed } from '../../wire/http1/malformed.ts'
import { negotiateDeflate } from './deflate-offer.ts'

/** The supported version of the protocol (RFC 6455). */
export const WEB_SOCKET_VERSION = '13'

// 16 bytes in base64 (RFC 6455, 4.1).
const KEY = /^[+/0-9A-Za-z]{22}==$/
// Where the protocol has none (RFC 8441, 5), `ws` still wants one.
const NO_KEY = 'AAAAAAAAAAAAAAAAAAAAAA=='

/** A valid opening handshake. */
export interface Handshake {
  readonly key: string
  /** Subprotocols that the client offers, in order. */
  readonly subprotocols: readonly string[]
  /** Negotiated permessage-deflate; empty for none. */
  readonly extension: string
}

interface HandshakeFields {
  key: string | undefined
  version: string | undefined
  subprotocols: string | undefined
  extensions: string | undefined
}

/** Parses the handshake of a request. Throws the error to refuse the client with. */
export function parseHandshake(request: RequestHead, compression: boolean): Handshake {
  const fields = collectFields(request)
  if (fields.version !== WEB_SOCKET_VERSION)
    throw new TaipanError('UPGRADE_REQUIRED', `Sec-WebSocket-Version must be ${WEB_SOCKET_VERSION}`)
  const key = request.version === '2' ? NO_KEY : fields.key
  if (key === undefined || !KEY.test(key))
    throw createMalformed('Sec-WebSocket-Key is missing, or is not 16 bytes in base64')
  const extension = negotiateDeflate(fields.extensions)
  return {
    key,
    subprotocols: parseSubprotocols(fields.subprotocols),
    extension: compression ? extension : '',
  }
}

function collectFields({ fields }: RequestHead): HandshakeFields {
  const found: HandshakeFields = {
    key: undefined,
    version: undefined,
    subprotocols: undefined,
    extensions: undefined,
  }
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const value = fields[i + 1] ?? ''
    switch ((fields[i] ?? '').toLowerCase()) {
      case 'sec-websocket-key':
        found.key = once('Sec-WebSocket-Key', found.key, value)
        break
      case 'sec-websocket-version':
        found.version = once('Sec-WebSocket-Version', found.version, value)
        break
      case 'sec-websocket-protocol':
        found.subprotocols = join(found.subprotocols, value)
        break
      case 'sec-websocket-extensions':
        found.extensions = join(found.extensions, value)
        break
      default:
    }
  }
  return found
}

function once(name: string, earlier: string | undefined, value: string): string {
  if (earlier !== undefined) throw createMalformed(`${name} is given twice`)
  return value
}

function join(earlier: string | undefined, value: string): string {
  return earlier === undefined ? value : `${earlier},${value}`
}

function parseSubprotocols(value: string | undefined): readonly string[] {
  if (value === undefined) return []
  const names = splitList(value)
  if (names.length === 0 || !names.every(isToken))
    throw createMalformed('Sec-WebSocket-Protocol is not a list of names')
  if (new Set(names).size < names.length)
    throw createMalformed('Sec-WebSocket-Protocol contains a name twice')
  return names
}
