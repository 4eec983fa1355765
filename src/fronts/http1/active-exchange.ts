import type { ByteStream } from '../../core/byte-stream.ts'
import { TaipanError } from '../../core/errors.ts'
import type { ConnectionFacts, WebSocketChannel, WebSocketClose } from '../../core/exchange.ts'
import type { Http1Request } from '../../wire/http1/request-head.ts'
import type { Outbox } from '../../streams/net/outbox.ts'
import type { CountedBytes } from '../exchange/base-exchange.ts'
import { noteHandlerFailure, runHandler, settleExchange } from '../exchange/run-handler.ts'
import type { Channel } from '../web-socket/channel.ts'
import type { Handshake } from '../web-socket/handshake.ts'
import { createLostChannel } from '../web-socket/lost-channel.ts'
import type { BodyFeed } from './body-feed.ts'
import { DRAIN_BYTES } from './drain.ts'
import type { Http1Context } from './http1-context.ts'
import { Http1Exchange } from './http1-exchange.ts'
import type { Http1Link } from './http1-link.ts'
import type { Http1Response } from './http1-response.ts'
import type { RequestReader } from './request-reader.ts'

/** There is no exchange. */
const NONE = 0
/** The request is being answered. */
const ANSWERING = 1
/** The response is complete, but the client has not accepted all of it. */
const FLUSH = 2
/** The response was accepted, and the rest of the request body is being discarded. */
const DRAIN = 3
/** The connection is a WebSocket. */
const UPGRADED = 4

const FAILED: WebSocketClose = { code: 1011, reason: '' }

/** Receives the end of the exchange of a connection. */
export interface ActiveExchangeListener {
  /** The next request may follow. */
  onDone(): void
  /** No request may follow. */
  onLast(): void
  /** The response was aborted, so the connection must be closed. */
  onCut(response: Http1Response | undefined): void
  /** The client has disconnected. */
  onLost(error: TaipanError): void
  /** The connection is a WebSocket from now on. */
  onUpgraded(channel: Channel): void
}

/** Parts of an active exchange. */
export interface ActiveExchangeParts {
  readonly stream: ByteStream
  readonly outbox: Outbox
  readonly reader: RequestReader
  readonly feed: BodyFeed
  readonly context: Http1Context
  readonly listener: ActiveExchangeListener
}

/**
 * The exchange of a connection, from its request head until the connection can read the next one; there is one at a time.
 *
 *     NONE ──start──▶ ANSWERING ──answered──▶ FLUSH ──accepted──▶ DRAIN ──discarded──▶ NONE
 *                         └──101──▶ UPGRADED
 *
 *     ANSWERING, FLUSH, DRAIN ──aborted, refused, client disconnected, no other request may follow──▶ NONE
 *
 * FLUSH is skipped when the transport accepts the response at once, and DRAIN when the whole request was read.
 */
export class ActiveExchange implements Http1Link {
  readonly context: Http1Context
  readonly outbox: Outbox
  /** Number of requests that were started. */
  requests = 0
  readonly #stream: ByteStream
  readonly #reader: RequestReader
  readonly #feed: BodyFeed
  readonly #listener: ActiveExchangeListener
  #phase = NONE
  #exchange: Http1Exchange | undefined
  #channel: Channel | undefined
  /** What the connection had read and written when the exchange before was over. */
  #counted: CountedBytes = { received: 0, sent: 0 }

  constructor({ stream, outbox, reader, feed, context, listener }: ActiveExchangeParts) {
    this.context = context
    this.outbox = outbox
    this.#stream = stream
    this.#reader = reader
    this.#feed = feed
    this.#listener = listener
  }

  get sharesIds(): boolean {
    return this.context.sharesIds
  }

  get facts(): ConnectionFacts {
    return this.#stream.facts
  }

  get clientEnded(): boolean {
    return this.#feed.clientEnded
  }

  get earlier(): number {
    return this.requests - 1
  }

  get counted(): CountedBytes {
    const { received, sent } = this.#counted
    const messages = this.#channel?.bytes ?? 0
    return {
      received: this.#reader.read - received,
      sent: this.outbox.written - sent + messages,
    }
  }

  /** A request is being answered, or its response is being sent. */
  get active(): boolean {
    return this.#exchange !== undefined
  }

  /** Its response has no body, because the request is a HEAD. */
  get bodiless(): boolean {
    return this.#exchange?.request.method === 'HEAD'
  }

  get upgraded(): boolean {
    return this.#channel !== undefined
  }

  /** Starts the exchange of a request. Throws the error to refuse the client with. */
  start(request: Http1Request): void {
    this.requests += 1
    const exchange = new Http1Exchange(this, request)
    if (request.webSocket) exchange.handshake = this.context.webSockets.readHandshake(request)
    this.context.exchanges += 1
    this.#exchange = exchange
    this.#phase = ANSWERING
    this.#feed.open(exchange)
    if (this.#phase !== ANSWERING) return
    const loading = request.webSocket ? this.context.webSockets.load() : undefined
    if (loading === undefined) runHandler(exchange, this.context)
    else void this.#handleAfter(loading, exchange)
  }

  /** More of the request has arrived, or the end of the stream. */
  noteReceived(): void {
    if (this.#phase === DRAIN) this.#discardBody()
    else this.#feed.fill()
  }

  /** The client has finished sending. */
  noteEnd(): void {
    if (this.#exchange?.offered === true)
      this.#listener.onLost(
        new TaipanError('CLIENT_DISCONNECTED', 'the client disconnected during the handshake'),
      )
    else this.noteReceived()
  }

  /** The client has accepted bytes. */
  noteTaken(): void {
    if (this.#phase === ANSWERING) this.#exchange?.response.noteProgress()
    else if (this.#phase === FLUSH && this.outbox.pending === 0) this.#finish()
  }

  /** The server is stopping. */
  shutdown(): void {
    if (this.#phase === DRAIN) this.#endLast()
  }

  /** Ends the exchange without a response, or during one. */
  abandon(reason: Error): void {
    this.#phase = NONE
    this.#settle(reason)
  }

  /** Ends the exchange with a response of the front. */
  refuse(error: TaipanError, status: number): void {
    this.#exchange?.response.supersede(status)
    this.abandon(error)
  }

  mayReuse(): boolean {
    const exchange = this.#exchange
    const { requestsPerConnection } = this.context.limits
    if (exchange === undefined || this.#reader.broken || this.context.stopping) return false
    if (requestsPerConnection > 0 && this.requests >= requestsPerConnection) return false
    if (!exchange.request.keepAlive) return false
    if (this.#reader.bodyDone) return true
    return !exchange.body.expectsContinue && (exchange.body.missing ?? 0) <= DRAIN_BYTES
  }

  resumeBody(): void {
    this.#feed.resumeBody()
  }

  sendContinue(): void {
    this.#feed.sendContinue()
  }

  responseEnded(): void {
    if (this.outbox.pending > 0) this.#phase = FLUSH
    else this.#finish()
  }

  cut(reason: Error): void {
    if (this.#channel !== undefined) {
      this.#channel.close(FAILED)
      return
    }
    const response = this.#exchange?.response
    this.outbox.flush()
    this.abandon(reason)
    this.#listener.onCut(response)
  }

  upgrade(handshake: Handshake, lines: readonly string[]): WebSocketChannel {
    const rest = this.#reader.takeRest()
    this.#exchange?.response.upgrade()
    this.#phase = UPGRADED
    this.outbox.flush()
    const socket = this.#stream.detach()
    this.#reader.goOn()
    const plan = { handshake, lines, rest }
    const onClosed = (error: Error | undefined): void => this.#finishChannel(error)
    const channel = this.context.webSockets.upgrade(socket, plan, onClosed)
    if (channel === undefined) return createLostChannel()
    this.#channel = channel
    this.#listener.onUpgraded(channel)
    return channel
  }

  /** The first WebSocket waits for the modules; its client may leave meanwhile. */
  async #handleAfter(loading: Promise<void>, exchange: Http1Exchange): Promise<void> {
    try {
      await loading
    } catch (error) {
      noteHandlerFailure(exchange, error, this.context.logger)
    }
    if (!exchange.response.finished) runHandler(exchange, this.context)
  }

  #finishChannel(error: Error | undefined): void {
    this.#exchange?.response.finishUpgrade(this.#channel?.bytes ?? 0)
    this.#settle(error)
  }

  #finish(): void {
    const keepAlive = this.#exchange?.response.keepAlive === true && !this.#reader.broken
    this.#phase = DRAIN
    this.#settle(undefined)
    if (!keepAlive) this.#endLast()
    else if (this.#reader.bodyDone) this.#endDone()
    else this.#discardBody()
  }

  #discardBody(): void {
    const state = this.#reader.drain(() => this.#endLast())
    if (state === 'done') this.#endDone()
    else if (state === 'failed' || this.#reader.ended) this.#endLast()
  }

  #endDone(): void {
    this.#phase = NONE
    this.#listener.onDone()
  }

  #endLast(): void {
    this.#phase = NONE
    this.#listener.onLast()
  }

  #settle(error: Error | undefined): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#feed.close()
    if (exchange === undefined) return
    settleExchange(exchange, error, this.context.logger)
    this.#counted = { received: this.#reader.read, sent: this.outbox.written }
  }
}
