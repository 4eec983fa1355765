import { createHash, randomBytes } from 'node:crypto'

import { TaipanError } from '../../../core/errors.ts'
import type { FieldBlock, FieldPairs } from '../../../core/field-block.ts'
import { HOP_BY_HOP } from '../../../core/field-syntax.ts'
import { createResponseHead } from '../../../core/response-head.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const PREFIX = 'sec-websocket-'

/** What the response of an upstream to the handshake says. */
export interface HandshakeAnswer {
  /** Empty for none. */
  readonly subprotocol: string
  /** Its other fields, such as cookies. */
  readonly fields: FieldBlock
}

/** An opening handshake with an upstream (RFC 6455, 4.1). No extensions are offered: clients compress for the front. */
export class ClientHandshake {
  readonly #key = randomBytes(16).toString('base64')
  readonly #subprotocols: readonly string[]

  /** `subprotocols` are those that the client offers. */
  constructor(subprotocols: readonly string[]) {
    this.#subprotocols = subprotocols
  }

  /** Fields of the request, besides Connection and Upgrade. */
  get fields(): readonly string[] {
    const fields = ['Sec-WebSocket-Version', '13', 'Sec-WebSocket-Key', this.#key]
    if (this.#subprotocols.length > 0)
      fields.push('Sec-WebSocket-Protocol', this.#subprotocols.join(', '))
    return fields
  }

  /** Reads the response. Throws `UPSTREAM_FAILED` if it does not answer this handshake. */
  read(pairs: FieldPairs): HandshakeAnswer {
    const accept = find(pairs, 'sec-websocket-accept')
    const expected = createHash('sha1').update(`${this.#key}${GUID}`).digest('base64')
    if (accept !== expected) throw broken('Sec-WebSocket-Accept is wrong')
    if (find(pairs, 'sec-websocket-extensions') !== undefined)
      throw broken('it uses an extension that it was not offered')
    const subprotocol = find(pairs, 'sec-websocket-protocol') ?? ''
    if (subprotocol !== '' && !this.#subprotocols.includes(subprotocol))
      throw broken('it chose a subprotocol that it was not offered')
    return { subprotocol, fields: createResponseHead(200, pairs.filter(isPassedOn)).fields }
  }
}

function isPassedOn(_: string, at: number, pairs: FieldPairs): boolean {
  const name = (pairs[at - (at % 2)] ?? '').toLowerCase()
  return !HOP_BY_HOP.has(name) && !name.startsWith(PREFIX) && name !== 'content-length'
}

function find(pairs: FieldPairs, name: string): string | undefined {
  const at = pairs.findIndex((one, index) => index % 2 === 0 && one.toLowerCase() === name)
  return at < 0 ? undefined : pairs[at + 1]
}

function broken(reason: string): TaipanError {
  return new TaipanError('UPSTREAM_FAILED', `broke the WebSocket handshake: ${reason}`)
}
