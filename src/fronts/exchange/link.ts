import type { ConnectionFacts, WebSocketChannel } from '../../core/exchange.ts'
import type { FrontContext } from '../http1/context.ts'
import type { Outbox } from '../streams/outbox.ts'
import type { Handshake } from '../web-socket/handshake.ts'

/** What an exchange, its body and its response may ask of the connection they came by. */
export interface ExchangeLink {
  readonly context: FrontContext
  readonly facts: ConnectionFacts
  readonly outbox: Outbox
  /** The client has finished sending, and all of it was taken. */
  readonly clientEnded: boolean
  /** Whether the connection may carry another request behind this response, as things stand now. */
  mayReuse(): boolean
  /** The body has room again, or was asked for. */
  resumeBody(): void
  /** Tells the client to send the body it holds back. */
  sendContinue(): void
  /** The last byte of the response is in the outbox. */
  responseEnded(): void
  /** The response cannot be finished: ends the exchange and the connection. */
  cut(reason: Error): void
  /** Makes a WebSocket of the connection; `lines` are for the head of the answer. */
  upgrade(handshake: Handshake, lines: readonly string[]): WebSocketChannel
}
