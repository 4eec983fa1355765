import { constants, type ServerHttp2Stream } from 'node:http2'

import { TaipanError } from '../../core/errors.ts'
import type { ConnectionFacts } from '../../core/exchange.ts'
import type { Http2Request } from '../../wire/http2/request-head.ts'
import type { Http2ResponseEncoder } from '../../wire/http2/response-encoder.ts'
import type { ExchangeLink } from '../exchange/base-exchange.ts'
import { noteHandlerFailure, runHandler, settleExchange } from '../exchange/run-handler.ts'
import type { Wait, Watched } from '../listening/deadline-sweep.ts'
import type { ChannelConnection } from '../web-socket/channel-connection.ts'
import { ConnectOffer } from './connect-offer.ts'
import type { Http2Context } from './http2-context.ts'
import { HandshakeResponse } from './handshake-response.ts'
import { Http2Exchange } from './http2-exchange.ts'
import { type Http2Output, Http2Response } from './http2-response.ts'
import { refuseStream, toRefusable } from './refusal.ts'
import { StreamBody } from './stream-body.ts'
import { StreamOutbox, type StreamTally } from './stream-outbox.ts'

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants

/** The connection of a stream, as the stream uses it. */
export interface Http2Link extends StreamTally {
  readonly context: Http2Context
  readonly facts: ConnectionFacts
  /** The client has finished sending (half-close of the connection). */
  readonly clientEnded: boolean
  /** The connection is over. */
  readonly lost: boolean
  /** Why the connection was aborted; undefined if the client has left. */
  readonly reason: Error | undefined
  /** Calls when what was given to the session before is on its way. */
  afterWriting(action: () => void): void
  /** Someone goes on working for a stream that is over, until the result is called. */
  occupy(): () => void
  /** The stream is closed; `early` if it was before its response was complete. */
  onClosed(stream: ActiveStream, early: boolean): void
}

/** One request of a connection, from its head until its stream is closed. */
export class ActiveStream implements ExchangeLink, Watched, Http2Output {
  readonly stream: ServerHttp2Stream
  readonly #link: Http2Link
  readonly #exchange: Http2Exchange
  readonly #body: StreamBody | undefined
  #outbox: StreamOutbox | undefined
  /** Set when the stream has become a WebSocket. */
  #channel: ChannelConnection | undefined
  #closed = false
  /** The client has reset it. */
  #reset = false
  /** The client was not interested any more while its request was answered. */
  #aborted = false

  constructor(link: Http2Link, stream: ServerHttp2Stream, request: Http2Request) {
    this.stream = stream
    this.#link = link
    const Response = request.webSocket ? HandshakeResponse : Http2Response
    this.#exchange = new Http2Exchange(this, request, new Response(this, request.method))
    stream.on('close', this.#onClosed)
    if (request.bodyLength !== 0 || request.webSocket) stream.on('aborted', this.#onAborted)
    this.#body = request.bodyLength === 0 ? undefined : this.#openBody()
  }

  get sharesIds(): boolean {
    return this.#link.context.sharesIds
  }

  get facts(): ConnectionFacts {
    return this.#link.facts
  }

  get encoder(): Http2ResponseEncoder {
    return this.#link.context.encoder
  }

  get outbox(): StreamOutbox {
    return (this.#outbox ??= this.#openOutbox())
  }

  get knownOutbox(): StreamOutbox | undefined {
    return this.#outbox
  }

  /** Clients number their streams 1, 3, 5 ... */
  get earlier(): number {
    return ((this.stream.id ?? 1) - 1) / 2
  }

  get clientEnded(): boolean {
    return this.#link.clientEnded && this.#body?.ended !== false
  }

  get wait(): Wait {
    if (this.#channel !== undefined) return this.#channel.wait
    return this.#body?.awaited === true && !this.#exchange.response.finished ? 'body' : 'none'
  }

  get activity(): number {
    return this.#channel?.activity ?? this.#body?.activity ?? 0
  }

  get sending(): boolean {
    if (this.#channel !== undefined) return this.#channel.sending
    if (this.#outbox !== undefined && this.#outbox.bytes > 0) return true
    return this.#exchange.response.finished && !this.#closed
  }

  get sent(): number {
    return this.#channel?.sent ?? this.#outbox?.progress ?? 0
  }

  /** Gives the exchange to the handler. */
  start(): void {
    const { context } = this.#link
    context.exchanges += 1
    if (this.#exchange.request.webSocket) this.#startWebSocket()
    else runHandler(this.#exchange, context)
  }

  expire(wait: Wait | 'send'): void {
    if (this.#channel !== undefined) this.#channel.expire(wait)
    else if (wait === 'body')
      this.#failBody(new TaipanError('REQUEST_TIMEOUT', 'the body did not arrive in time'))
    else if (wait === 'send') {
      this.#settle(new TaipanError('CLIENT_DISCONNECTED', 'the client does not read its response'))
      this.stream.close(NGHTTP2_CANCEL)
    }
  }

  /** The server is stopping. */
  closeWebSocket(): void {
    this.#channel?.closeWebSocket()
  }

  /** The client has finished sending on the whole connection. */
  noteClientEnd(): void {
    if (this.#body?.ended === false)
      this.#failBody(new TaipanError('REQUEST_MALFORMED', 'the request body is incomplete'))
    else this.#exchange.onClientEnd?.()
  }

  /** A reset has arrived, which may say that there is no error. */
  noteReset(): void {
    this.#reset = true
  }

  /** Ends the exchange, and leaves the stream to its connection. */
  abandon(reason: Error): void {
    if (this.#channel === undefined) this.#settle(reason)
    else this.#channel.destroy(reason)
  }

  resumeBody(): void {
    this.#body?.resume()
  }

  sendContinue(): void {
    const { stream } = this
    if (!stream.headersSent && !stream.closed) stream.additionalHeaders({ ':status': 100 })
  }

  occupy(): () => void {
    return this.#link.occupy()
  }

  cut(reason: Error): void {
    this.#settle(reason)
    this.stream.close(NGHTTP2_INTERNAL_ERROR)
  }

  #openOutbox(): StreamOutbox {
    const outbox = new StreamOutbox(this.stream, this.#link)
    outbox.onTaken = () => this.#exchange.response.noteProgress()
    return outbox
  }

  #openBody(): StreamBody {
    const { stream } = this
    // Else the client would go on sending what nobody reads (RFC 9113, 8.1). A reset overtakes what is not written.
    stream.on('finish', () => {
      this.#link.afterWriting(() => {
        if (this.#body?.ended === false && !this.#closed) stream.close(NGHTTP2_NO_ERROR)
      })
    })
    return new StreamBody({
      stream,
      body: this.#exchange.body,
      tally: this.#link,
      most: this.#link.context.limits.body,
      onFailed: (error) => this.#failBody(error),
    })
  }

  #startWebSocket(): void {
    const { context } = this.#link
    const exchange = this.#exchange
    try {
      exchange.offer = this.#createOffer()
    } catch (error) {
      this.#refuse(toRefusable(error))
      return
    }
    const loading = context.webSockets.load()
    if (loading === undefined) runHandler(exchange, context)
    else void this.#startAfter(loading)
  }

  #createOffer(): ConnectOffer {
    const { context } = this.#link
    const { request, response } = this.#exchange
    return new ConnectOffer({
      stream: this.stream,
      handshake: context.webSockets.readHandshake(request),
      response,
      context,
      onChannel: (channel) => {
        this.#channel = channel
      },
      onClosed: (bytes, error) => {
        response.finishUpgrade(bytes)
        this.#settle(error)
      },
    })
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
    refuseStream(this.stream, error, context)
  }

  readonly #onAborted = (): void => {
    this.#aborted ||= !this.#exchange.over
    // It learns of it by itself.
    if (this.#channel === undefined) this.#settle(this.#createLoss())
  }

  readonly #onClosed = (): void => {
    const { response, over } = this.#exchange
    const isWhole = response.finished && this.stream.rstCode === 0 && this.#hasLeft
    this.#closed = true
    if (this.#channel === undefined) this.#settle(isWhole ? undefined : this.#createLoss())
    this.#outbox?.stop()
    this.#body?.stop()
    const isUnanswered = !isWhole && !over && this.#channel === undefined
    this.#link.onClosed(this, this.#aborted || isUnanswered)
  }

  /** Node may destroy a stream that both sides have ended before it knows that the last bytes are written. */
  get #hasLeft(): boolean {
    const { writableFinished, writableEnded } = this.stream
    return writableFinished || (writableEnded && !this.#reset && !this.#link.lost)
  }

  #createLoss(): Error {
    return (
      this.#link.reason ??
      new TaipanError('CLIENT_DISCONNECTED', 'the client has reset the stream, or is gone')
    )
  }

  #settle(error: Error | undefined): void {
    if (error !== undefined) this.#outbox?.stop()
    this.#body?.stop()
    settleExchange(this.#exchange, error, this.#link.context.logger)
  }
}
