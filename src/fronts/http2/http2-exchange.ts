import type { WebSocketOffer } from '../../core/exchange.ts'
import type { Http2Request } from '../../wire/http2/request-head.ts'
import { BaseExchange } from '../exchange/base-exchange.ts'
import type { Http2Response } from './http2-response.ts'

/** A request of an HTTP/2 connection. */
export class Http2Exchange extends BaseExchange<Http2Request, Http2Response> {
  /** Set for a valid WebSocket handshake. */
  offer: WebSocketOffer | undefined

  get webSocket(): WebSocketOffer | undefined {
    return this.offer
  }
}
