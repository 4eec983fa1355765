import type { WebSocketChannel, WebSocketOffer } from '../../core/exchange.ts'
import type { FieldBlock } from '../../core/field-block.ts'
import { HOP_BY_HOP } from '../../core/field-syntax.ts'
import { createLostChannel } from '../web-socket/lost-channel.ts'
import type { Handshake } from '../web-socket/handshake.ts'
import type { Http1Link } from './http1-link.ts'
import type { Http1Response } from './http1-response.ts'

/** A WebSocket handshake that has not been answered. */
export class HandshakeOffer implements WebSocketOffer {
  readonly #link: Http1Link
  readonly #handshake: Handshake
  readonly #response: Http1Response

  constructor(link: Http1Link, handshake: Handshake, response: Http1Response) {
    this.#link = link
    this.#handshake = handshake
    this.#response = response
  }

  get subprotocols(): readonly string[] {
    return this.#handshake.subprotocols
  }

  accept(answer: { readonly subprotocol: string; readonly fields: FieldBlock }): WebSocketChannel {
    if (this.#response.begun || this.#response.finished) return createLostChannel()
    const lines = answer.fields.text.split('\r\n').filter((line) => line !== '' && !isOwn(line))
    const hasDate = lines.some((line) => /^date:/i.test(line))
    const hasServer = lines.some((line) => /^server:/i.test(line))
    const origin = this.#link.context.encoder.formatOrigin({ hasDate, hasServer })
    lines.push(...origin.split('\r\n').filter((line) => line !== ''))
    const subprotocol = this.#resolveSubprotocol(answer.subprotocol)
    if (subprotocol !== '') lines.push(`Sec-WebSocket-Protocol: ${subprotocol}`)
    return this.#link.upgrade(this.#handshake, lines)
  }

  /** Clients fail the connection if the subprotocol is not one they offered (RFC 6455, 4.1), so none is sent then. */
  #resolveSubprotocol(name: string): string {
    if (name === '' || this.subprotocols.includes(name)) return name
    const { logger } = this.#link.context
    logger.warn(
      { subprotocol: name, offered: this.subprotocols },
      'the application chose a WebSocket subprotocol that the client did not offer; none is used',
    )
    return ''
  }
}

/** Fields that the handshake sets itself or that a 101 must not have (RFC 9110, 8.6). */
function isOwn(line: string): boolean {
  const name = line.slice(0, line.indexOf(':')).toLowerCase()
  return name.startsWith('sec-websocket-') || name === 'content-length' || HOP_BY_HOP.has(name)
}
