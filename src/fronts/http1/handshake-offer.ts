import type { WebSocketChannel, WebSocketOffer } from '../../core/exchange.ts'
import { type Acceptance, formatAnswerLines } from '../web-socket/answer-lines.ts'
import type { Handshake } from '../web-socket/handshake.ts'
import { createLostChannel } from '../web-socket/lost-channel.ts'
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

  accept(answer: Acceptance): WebSocketChannel {
    if (this.#response.begun || this.#response.finished) return createLostChannel()
    const { encoder, logger } = this.#link.context
    const handshake = this.#handshake
    const lines = formatAnswerLines(answer, {
      handshake,
      encoder,
      logger,
      requestId: this.#response.identified?.id,
    })
    return this.#link.upgrade(handshake, lines)
  }
}
