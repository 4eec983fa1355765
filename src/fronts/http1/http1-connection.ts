import type { ByteStream, StreamListener } from '../../core/byte-stream.ts'
import { TaipanError } from '../../core/errors.ts'
import type { Wait } from '../listening/deadline-sweep.ts'
import type { FrontConnection } from '../listening/open-connections.ts'
import type { Http1Request } from '../../wire/http1/request-head.ts'
import { Outbox } from '../../streams/net/outbox.ts'
import type { Channel } from '../web-socket/channel.ts'
import { ChannelConnection } from '../web-socket/channel-connection.ts'
import { ActiveExchange, type ActiveExchangeListener } from './active-exchange.ts'
import { BodyFeed } from './body-feed.ts'
import { ConnectionEnd } from './connection-end.ts'
import type { Http1Context } from './http1-context.ts'
import type { Http1Response } from './http1-response.ts'
import { createRefusal, toRefusable } from './refusal.ts'
import { RequestReader } from './request-reader.ts'

/** Waiting for a request head, or reading one. */
const HEAD = 0
/** The exchange of a request is being started. */
const STARTING = 1
/** The exchange is not over. */
const EXCHANGE = 2
/** The last response was given to the outbox. */
const CLOSING = 3

/**
 * The connection of a client: requests and responses in turn, until either side closes it.
 *
 *     HEAD ──request──▶ STARTING ──not over at once──▶ EXCHANGE
 *     STARTING, EXCHANGE ──over, another may follow──▶ HEAD
 *
 *     HEAD ──refused, idle for too long, end of stream──▶ CLOSING
 *     STARTING, EXCHANGE ──refused, aborted, client disconnected, no other may follow──▶ CLOSING
 *
 * `ActiveExchange` has the states of an exchange. A WebSocket stays in EXCHANGE, and `ChannelConnection` replaces this
 * object.
 */
export class Http1Connection implements StreamListener, FrontConnection, ActiveExchangeListener {
  readonly #context: Http1Context
  readonly #stream: ByteStream
  readonly #outbox: Outbox
  readonly #reader: RequestReader
  readonly #feed: BodyFeed
  readonly #exchange: ActiveExchange
  readonly #end: ConnectionEnd
  #phase = HEAD
  /** No further request is awaited. */
  #leaving = false
  #activity = 0

  constructor(stream: ByteStream, context: Http1Context) {
    const outbox = new Outbox(stream)
    const reader = new RequestReader(stream, context.limits)
    const onRefused = (error: TaipanError): void => this.#refuse(error)
    const feed = new BodyFeed({ reader, outbox, onRefused })
    this.#context = context
    this.#stream = stream
    this.#outbox = outbox
    this.#reader = reader
    this.#feed = feed
    this.#exchange = new ActiveExchange({ stream, outbox, reader, feed, context, listener: this })
    this.#end = new ConnectionEnd(stream, outbox)
    stream.listener = this
    stream.onClose((error) => this.#noteClose(error))
  }

  get wait(): Wait {
    if (this.#phase !== HEAD) return this.#feed.awaited ? 'body' : 'none'
    return this.#exchange.requests === 0 || this.#partial ? 'header' : 'idle'
  }

  get activity(): number {
    return this.#activity
  }

  get sending(): boolean {
    return this.#outbox.pending > 0
  }

  get sent(): number {
    return this.#outbox.progress
  }

  /** A part of a head has arrived. */
  get #partial(): boolean {
    return this.#phase === HEAD && this.#reader.buffered > 0
  }

  expire(wait: Wait | 'send'): void {
    if (wait === 'idle') this.#stream.destroy()
    else if (wait === 'send')
      this.destroy(new TaipanError('CLIENT_DISCONNECTED', 'the client does not read its response'))
    else if (wait === 'header')
      this.#refuse(new TaipanError('REQUEST_TIMEOUT', 'the header did not arrive in time'))
    else if (wait === 'body')
      this.#feed.fail(new TaipanError('REQUEST_TIMEOUT', 'the body did not arrive in time'))
  }

  shutdown(): void {
    this.#leaving = true
    if (this.#partial) this.#end.awaitLast(this.#onHeadLate)
    else if (this.#phase === HEAD) this.#stream.destroy()
    else this.#exchange.shutdown()
    this.#end.hasten()
  }

  destroy(reason: Error): void {
    this.#phase = CLOSING
    this.#exchange.abandon(reason)
    this.#stream.destroy()
  }

  onData(chunk: Buffer): void {
    if (this.#phase === CLOSING || this.#reader.broken) {
      this.#end.noteReceived(chunk.length)
      return
    }
    if (!this.#partial) this.#activity += 1
    this.#reader.feed(chunk)
    if (this.#phase === HEAD) this.#advance()
    else this.#exchange.noteReceived()
  }

  onEnd(): void {
    this.#reader.ended = true
    if (this.#phase === HEAD) this.#advance()
    else this.#exchange.noteEnd()
  }

  onTaken(): void {
    this.#outbox.noteTaken()
    this.#exchange.noteTaken()
  }

  onDone(): void {
    const isStarting = this.#phase === STARTING
    this.#phase = HEAD
    this.#activity += 1
    if (!isStarting) this.#advance()
  }

  onLast(): void {
    this.#close()
  }

  onCut(response: Http1Response | undefined): void {
    this.#phase = CLOSING
    this.#end.cut(response)
  }

  onLost(error: TaipanError): void {
    this.destroy(error)
  }

  onUpgraded(channel: Channel): void {
    const successor = new ChannelConnection(channel)
    this.#context.connections.replace(this, successor, this.#stream)
    if (this.#context.stopping) successor.closeWebSocket()
  }

  #noteClose(error: Error | undefined): void {
    if (this.#exchange.upgraded) return
    this.#end.stop()
    this.#reader.stopDrain()
    this.#phase = CLOSING
    const cause = error === undefined ? undefined : { cause: error }
    if (this.#exchange.active)
      this.#exchange.abandon(
        new TaipanError('CLIENT_DISCONNECTED', 'the client closed the connection', cause),
      )
  }

  /** Starts the requests that have arrived, as long as each is answered at once. */
  #advance(): void {
    try {
      while (this.#phase === HEAD) {
        const request = this.#reader.readHead()
        if (request === undefined) break
        this.#start(request)
      }
    } catch (error) {
      if (!this.#becomesHttp2()) this.#refuse(toRefusable(error))
      return
    }
    if (this.#phase === HEAD) this.#awaitHead()
    else this.#feed.regulate()
  }

  /** A client that knows what this server speaks begins with HTTP/2 (RFC 9113, 3.3), which is no request of HTTP/1. */
  #becomesHttp2(): boolean {
    const { http2, connections } = this.#context
    if (http2 === undefined || this.#exchange.requests > 0 || !this.#reader.beginsHttp2)
      return false
    this.#phase = CLOSING
    const stream = this.#stream.continueWith(this.#stream.facts, this.#reader.takeRest())
    connections.replace(this, http2.connect(stream), stream)
    return true
  }

  #start(request: Http1Request): void {
    this.#phase = STARTING
    this.#activity += 1
    this.#exchange.start(request)
    if (this.#phase === STARTING) this.#phase = EXCHANGE
  }

  #awaitHead(): void {
    if (this.#reader.ended) {
      if (this.#partial)
        this.#refuse(new TaipanError('REQUEST_MALFORMED', 'the header is incomplete'))
      else this.#close()
    } else if (this.#leaving && !this.#partial) this.#close()
    else {
      if (this.#context.stopping && this.#partial) this.#end.awaitLast(this.#onHeadLate)
      this.#reader.goOn()
    }
  }

  readonly #onHeadLate = (): void => {
    if (this.#partial) this.#refuse(new TaipanError('STOPPING', 'the server is stopping'))
  }

  /** Sends an error response of the front itself, and closes the connection. */
  #refuse(error: TaipanError): void {
    const { refusals, encoder } = this.#context
    const refusal = createRefusal(encoder, error, this.#exchange.bodiless)
    refusals.note(
      { status: refusal.status, code: error.code, client: this.#stream.facts.remoteAddress },
      `request refused: ${error.message}`,
    )
    this.#phase = CLOSING
    this.#exchange.refuse(error, refusal.status)
    this.#outbox.writeNow(refusal.text)
    this.#close()
  }

  #close(): void {
    this.#reader.stopDrain()
    this.#reader.goOn()
    this.#phase = CLOSING
    this.#end.close(this.#context.stopping)
  }
}
