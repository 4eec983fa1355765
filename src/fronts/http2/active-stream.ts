import { constants, type ServerHttp2Stream } from 'node:http2'

import { TaipanError } from '../../core/errors.ts'
import type { ConnectionFacts } from '../../core/exchange.ts'
import type { Http2Request } from '../../wire/http2/request-head.ts'
import type { ExchangeLink } from '../exchange/base-exchange.ts'
import { noteHandlerFailure, runHandler, settleExchange } from '../exchange/run-handler.ts'
import type { Wait, Watched } from '../listening/deadline-sweep.ts'
import { ConnectOffer } from './connect-offer.ts'
import type { Http2Context } from './http2-context.ts'
import { Http2Exchange } from './http2-exchange.ts'
import { Http2Response } from './http2-response.ts'
import { refuseStream } from './refusal.ts'
import { StreamBody } from './stream-body.ts'
import { StreamOutbox, type StreamTally } from './stream-outbox.ts'

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants

/** The connection of a stream, as the stream uses it. */
export interface Http2Link extends StreamTally {
  readonly context: Http2Context
  readonly facts: ConnectionFacts
  /** The client has finished sending (half-close of the connection). */
  readonly clientEnded: boolean
  /** Why the connection was aborted; undefined if the client has left. */
  readonly reason: Error | undefined
  /** Someone goes on working for a stream that is over, until the result is called. */
  occupy(): () => void
  /** Another part takes the place of one, and is watched. */
  replacePart(part: Watched, successor: Watched): void
  /** The stream is closed; `early` if it was before its response was complete. */
  onClosed(stream: ActiveStream, early: boolean): void
}

/** One request of a connection, from its head until its stream is closed. */
export class ActiveStream implements ExchangeLink, Watched {
  readonly #link: Http2Link
  readonly #stream: ServerHttp2Stream
  readonly #outbox: StreamOutbox
  readonly #exchange: Http2Exchange
  readonly #body: StreamBody | undefined
  #closed = false

  constructor(link: Http2Link, stream: ServerHttp2Stream, request: Http2Request) {
    const { encoder, limits } = link.context
    const outbox = new StreamOutbox(stream, link)
    const cut = (reason: Error): void => this.#cut(reason)
    const response = new Http2Response({ stream, outbox, encoder, cut }, request.method)
    this.#link = link
    this.#stream = stream
    this.#outbox = outbox
    this.#exchange = new Http2Exchange(this, request, response)
    outbox.onTaken = () => response.noteProgress()
    stream.on('close', this.#onClosed)
    stream.on('aborted', this.#onAborted)
    if (request.bodyLength === 0) return
    const { body } = this.#exchange
    const onFailed = (error: TaipanError): void => this.#failBody(error)
    this.#body = new StreamBody({ stream, body, tally: link, most: limits.body, onFailed })
    // Else the client would go on sending what nobody reads (RFC 9113, 8.1).
    stream.on('finish', () => {
      if (this.#body?.ended === false) stream.close(NGHTTP2_NO_ERROR)
    })
  }

  get sharesIds(): boolean {
    return this.#link.context.sharesIds
  }

  get facts(): ConnectionFacts {
    return this.#link.facts
  }

  get clientEnded(): boolean {
    return this.#link.clientEnded && this.#body?.ended !== false
  }

  get wait(): Wait {
    return this.#body?.awaited === true && !this.#exchange.response.finished ? 'body' : 'none'
  }

  get activity(): number {
    return this.#body?.activity ?? 0
  }

  get sending(): boolean {
    return this.#outbox.bytes > 0 || (this.#exchange.response.finished && !this.#closed)
  }

  get sent(): number {
    return this.#outbox.progress
  }

  /** Gives the exchange to the handler. */
  start(): void {
    const { context } = this.#link
    context.exchanges += 1
    if (!this.#exchange.request.webSocket) runHandler(this.#exchange, context)
    else this.#startWebSocket()
  }

  expire(wait: Wait | 'send'): void {
    if (wait === 'body')
      this.#failBody(new TaipanError('REQUEST_TIMEOUT', 'the body did not arrive in time'))
    else if (wait === 'send') {
      this.#settle(new TaipanError('CLIENT_DISCONNECTED', 'the client does not read its response'))
      this.#stream.close(NGHTTP2_CANCEL)
    }
  }

  /** The client has finished sending on the whole connection. */
  noteClientEnd(): void {
    if (this.#body?.ended === false)
      this.#failBody(new TaipanError('REQUEST_MALFORMED', 'the request body is incomplete'))
    else this.#exchange.onClientEnd?.()
  }

  /** Ends the exchange, and leaves the stream to its connection. */
  abandon(reason: Error): void {
    this.#settle(reason)
  }

  resumeBody(): void {
    this.#body?.resume()
  }

  sendContinue(): void {
    const stream = this.#stream
    if (!stream.headersSent && !stream.closed) stream.additionalHeaders({ ':status': 100 })
  }

  occupy(): () => void {
    return this.#link.occupy()
  }

  #startWebSocket(): void {
    const { context } = this.#link
    const { webSockets } = context
    const exchange = this.#exchange
    try {
      const handshake = webSockets.readHandshake(exchange.request)
      exchange.offer = new ConnectOffer({
        stream: this.#stream,
        handshake,
        response: exchange.response,
        context,
        onChannel: (channel) => this.#link.replacePart(this, channel),
        onClosed: (bytes, error) => {
          exchange.response.finishUpgrade(bytes)
          this.#settle(error)
        },
      })
    } catch (error) {
      this.#refuse(error instanceof TaipanError ? error : new TaipanError('INTERNAL', 'failed'))
      return
    }
    const loading = webSockets.load()
    if (loading === undefined) runHandler(exchange, context)
    else void this.#startAfter(loading)
  }

  /** The first WebSocket waits for the modules; its client may leave meanwhile. */
  async #startAfter(loading: Promise<void>): Promise<void> {
    const { context } = this.#link
    try {
      await loading
    } catch (error) {
      noteHandlerFailure(this.#exchange, error, context.logger)
    }
    if (!this.#exchange.response.finished) runHandler(this.#exchange, context)
  }

  #failBody(error: TaipanError): void {
    const exchange = this.#exchange
    if (exchange.over) return
    this.#body?.stop()
    exchange.body.fail(error)
    if (!exchange.over && !exchange.response.begun) this.#refuse(error)
  }

  #refuse(error: TaipanError): void {
    const { context } = this.#link
    this.#exchange.response.supersede(error.facts.status ?? 400)
    this.#settle(error)
    refuseStream(this.#stream, error, context)
  }

  #cut(reason: Error): void {
    this.#settle(reason)
    this.#stream.close(NGHTTP2_INTERNAL_ERROR)
  }

  readonly #onAborted = (): void => {
    if (this.#exchange.webSocket === undefined || !this.#exchange.response.begun)
      this.#settle(this.#createLoss())
  }

  readonly #onClosed = (): void => {
    const { response, over } = this.#exchange
    const stream = this.#stream
    const isWhole = response.finished && stream.writableFinished && stream.rstCode === 0
    this.#closed = true
    if (response.status !== 101) this.#settle(isWhole ? undefined : this.#createLoss())
    this.#outbox.stop()
    this.#body?.stop()
    this.#link.onClosed(this, !isWhole && !over)
  }

  #createLoss(): Error {
    return (
      this.#link.reason ??
      new TaipanError('CLIENT_DISCONNECTED', 'the client has reset the stream, or is gone')
    )
  }

  #settle(error: Error | undefined): void {
    if (error !== undefined) this.#outbox.stop()
    this.#body?.stop()
    settleExchange(this.#exchange, error, this.#link.context.logger)
  }
}
