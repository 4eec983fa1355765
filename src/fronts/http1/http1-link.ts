import type { WebSocketChannel } from '../../core/exchange.ts'
import type { Handshake } from '../web-socket/handshake.ts'
import type { ExchangeLink } from '../exchange/base-exchange.ts'
import type { Outbox } from '../streams/outbox.ts'
import type { Http1Context } from './http1-context.ts'

/** What an exchange and its response may ask of the HTTP/1 connection they came by. */
export interface Http1Link extends ExchangeLink {
  readonly context: Http1Context
  readonly outbox: Outbox
  /** Whether the connection may carry another request behind this response, as things stand now. */
  mayReuse(): boolean
  /** The last byte of the response is in the outbox. */
  responseEnded(): void
  /** The response cannot be finished: ends the exchange and the connection. */
  cut(reason: Error): void
  /** Makes a WebSocket of the connection; `lines` are for the head of the answer. */
  upgrade(handshake: Handshake, lines: readonly string[]): WebSocketChannel
}
