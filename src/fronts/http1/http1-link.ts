import type { WebSocketChannel } from '../../core/exchange.ts'
import type { Handshake } from '../web-socket/handshake.ts'
import type { ExchangeLink } from '../exchange/base-exchange.ts'
import type { Outbox } from '../../streams/net/outbox.ts'
import type { Http1Context } from './http1-context.ts'

/** The HTTP/1 connection of an exchange, as the exchange and its response use it. */
export interface Http1Link extends ExchangeLink {
  readonly context: Http1Context
  readonly outbox: Outbox
  /** Whether the connection can be reused after this response, in its present state. */
  mayReuse(): boolean
  /** The whole response is in the outbox. */
  responseEnded(): void
  /** Ends the exchange and the connection, because the response cannot be completed. */
  cut(reason: Error): void
  /** Turns the connection into a WebSocket; `lines` are added to the response head. */
  upgrade(handshake: Handshake, lines: readonly string[]): WebSocketChannel
}
