import { TaipanError } from '../../core/errors.ts'
import type { WebSocketOffer } from '../../core/exchange.ts'
import type { Http1Request } from '../../wire/http1/request-head.ts'
import { BaseExchange } from '../exchange/base-exchange.ts'
import type { Handshake } from '../web-socket/handshake.ts'
import { HandshakeOffer } from './handshake-offer.ts'
import type { Http1Link } from './http1-link.ts'
import { Http1Response } from './http1-response.ts'

/** A request of an HTTP/1 connection. */
export class Http1Exchange extends BaseExchange<Http1Request, Http1Response> {
  /** Set for a valid WebSocket handshake. */
  handshake: Handshake | undefined
  readonly #link: Http1Link
  #offer: WebSocketOffer | undefined

  constructor(link: Http1Link, request: Http1Request) {
    super(link, request, new Http1Response(link, request))
    this.#link = link
  }

  get webSocket(): WebSocketOffer | undefined {
    if (this.handshake === undefined) return undefined
    if (this.#offer === undefined) {
      this.#offer = new HandshakeOffer(this.#link, this.handshake, this.response)
      if (this.#link.clientEnded) process.nextTick(() => this.#abandon())
    }
    return this.#offer
  }

  /** The WebSocket offer was taken by an answerer that has not answered it yet. */
  get offered(): boolean {
    return this.#offer !== undefined && !this.response.begun
  }

  /** Cuts the connection when the client had disconnected before an answerer took its WebSocket offer. */
  #abandon(): void {
    if (this.over || !this.offered) return
    this.#link.cut(
      new TaipanError('CLIENT_DISCONNECTED', 'the client disconnected during the handshake'),
    )
  }
}
