import type { ByteStream, StreamListener } from '../../core/byte-stream.ts'
import { TaipanError } from '../../core/errors.ts'
import { answerError } from '../../core/answer-error.ts'
import type { ConnectionFacts, WebSocketChannel, WebSocketClose } from '../../core/exchange.ts'
import type { Http1Request } from '../../wire/http1/request-head.ts'
import { CONTINUE } from '../../wire/http1/response-encoder.ts'
import type { Wait } from '../listening/deadline-sweep.ts'
import type { FrontConnection } from '../listening/open-connections.ts'
import { Outbox } from '../streams/outbox.ts'
import { Channel, createLostChannel } from '../web-socket/channel.ts'
import type { Handshake } from '../web-socket/handshake.ts'
import { ConnectionEnd } from './connection-end.ts'
import { DRAIN_BYTES } from './drain.ts'
import type { Http1Context } from './http1-context.ts'
import { Http1Exchange } from './http1-exchange.ts'
import type { Http1Link } from './http1-link.ts'
import { createRefusal, toRefusable } from './refusal.ts'
import { RequestReader } from './request-reader.ts'

/** Waiting for, or in the middle of, a request head. */
const HEAD = 0
/** A request is being answered. */
const EXCHANGE = 1
/** Its response is whole, but not yet taken by the client. */
const FLUSH = 2
/** Its response was taken, the rest of its body is read away. */
const DRAIN = 3
/** The last answer was given. */
const CLOSING = 4
/** The connection is a WebSocket. */
const UPGRADED = 5

const SILENCE = {
  send: 'the client takes no bytes',
  pong: 'no pong came in time',
  close: 'the client did not follow the close',
}
const FAILED: WebSocketClose = { code: 1011, reason: '' }
const RESTART: WebSocketClose = { code: 1012, reason: 'service restart' }

/**
 * One client: requests one after the other, each with its answer, until one side has enough.
 *
 *     HEAD ──request──▶ EXCHANGE ──answered──▶ FLUSH ──taken──▶ DRAIN ──read away──▶ HEAD
 *                          └──101──▶ UPGRADED
 *
 *     HEAD ──refused, idle for too long, nothing follows──▶ CLOSING
 *     EXCHANGE ──refused, cut, client gone──▶ CLOSING
 *     FLUSH, DRAIN ──no other request may follow──▶ CLOSING
 *
 * FLUSH is passed over when the client took the answer at once, and DRAIN when all of the request was read.
 */
export class Http1Connection implements Http1Link, StreamListener, FrontConnection {
  readonly context: Http1Context
  readonly facts: ConnectionFacts
  readonly outbox: Outbox
  readonly #stream: ByteStream
  readonly #reader: RequestReader
  readonly #end: ConnectionEnd
  #phase = HEAD
  #requests = 0
  #activity = 0
  #exchange: Http1Exchange | undefined
  #channel: Channel | undefined
  /** Requests that have arrived are being started. */
  #advancing = false
  /** The body is about to be filled. */
  #resuming = false

  constructor(stream: ByteStream, context: Http1Context) {
    this.#stream = stream
    this.facts = stream.facts
    this.context = context
    this.outbox = new Outbox(stream)
    this.#reader = new RequestReader(stream, context.limits)
    this.#end = new ConnectionEnd(stream, this.outbox)
    stream.listener = this
    stream.onClose((error) => this.#noteClose(error))
  }

  get clientEnded(): boolean {
    return this.#reader.ended && this.#reader.bodyDone
  }

  get wait(): Wait {
    if (this.#channel !== undefined) return this.#channel.wait
    if (this.#phase === HEAD) return this.#requests === 0 || this.#partial ? 'header' : 'idle'
    if (this.#phase !== EXCHANGE || this.#reader.bodyDone) return 'none'
    const body = this.#exchange?.body
    return body === undefined || body.room === 0 || body.expectsContinue ? 'none' : 'body'
  }

  get activity(): number {
    return this.#channel === undefined ? this.#activity : this.#channel.activity
  }

  get sending(): boolean {
    return (this.#channel ?? this.outbox).pending > 0
  }

  get sent(): number {
    return (this.#channel ?? this.outbox).progress
  }

  /** A head has begun to arrive. */
  get #partial(): boolean {
    return this.#phase === HEAD && this.#reader.buffered > 0
  }

  mayReuse(): boolean {
    const exchange = this.#exchange
    const { requestsPerConnection } = this.context.limits
    if (exchange === undefined || this.#reader.broken || this.context.stopping) return false
    if (requestsPerConnection > 0 && this.#requests >= requestsPerConnection) return false
    if (!exchange.request.keepAlive) return false
    if (this.#reader.bodyDone) return true
    return !exchange.body.expectsContinue && (exchange.body.missing ?? 0) <= DRAIN_BYTES
  }

  resumeBody(): void {
    if (this.#resuming || this.#reader.buffered === 0) return
    this.#resuming = true
    process.nextTick(() => {
      this.#resuming = false
      if (this.#phase === EXCHANGE) this.#fillBody()
    })
  }

  sendContinue(): void {
    if (this.#exchange?.response.begun === false) this.outbox.writeNow(CONTINUE)
  }

  responseEnded(): void {
    if (this.outbox.pending > 0) this.#phase = FLUSH
    else this.#finishExchange()
  }

  cut(reason: Error): void {
    if (this.#channel !== undefined) {
      this.#channel.close(FAILED)
      return
    }
    const response = this.#exchange?.response
    this.#phase = CLOSING
    this.outbox.flush()
    this.#settle(reason)
    this.#end.cut(response)
  }

  upgrade(handshake: Handshake, lines: readonly string[]): WebSocketChannel {
    const rest = this.#reader.takeRest()
    this.#exchange?.response.upgrade()
    this.#phase = UPGRADED
    this.outbox.flush()
    const socket = this.#stream.detach()
    this.#reader.goOn()
    const webSocket = this.context.webSockets.upgrade(socket, { handshake, lines, rest })
    if (webSocket === undefined) return createLostChannel()
    this.#channel = new Channel({
      socket,
      webSocket,
      onClosed: (error) => this.#finishChannel(error),
    })
    if (this.context.stopping) this.#channel.close(RESTART)
    return this.#channel
  }

  expire(wait: Wait | 'send'): void {
    if (wait === 'idle') this.#stream.destroy()
    else if (wait === 'ping') this.#channel?.ping()
    else if (wait === 'send' || wait === 'pong' || wait === 'close')
      this.destroy(new TaipanError('CLIENT_DISCONNECTED', SILENCE[wait]))
    else if (wait === 'header')
      this.#refuse(new TaipanError('REQUEST_TIMEOUT', 'the header did not arrive in time'))
    else this.#failBody(new TaipanError('REQUEST_TIMEOUT', 'the body did not arrive in time'))
  }

  /** The server is stopping: clients connect again, to another one. */
  closeWebSocket(): void {
    this.#channel?.close(RESTART)
  }

  /** Ends an idle connection now, any other one behind the request that runs or has begun to arrive. */
  shutdown(): void {
    if (this.#partial) this.#end.awaitLast(this.#onHeadLate)
    else if (this.#phase === HEAD) this.#stream.destroy()
    else if (this.#phase === DRAIN) this.#close()
    this.#end.hasten()
  }

  /** Cuts the connection, whatever it is doing. */
  destroy(reason: Error): void {
    if (this.#channel !== undefined) {
      this.#channel.terminate(reason)
      return
    }
    this.#phase = CLOSING
    this.#settle(reason)
    this.#stream.destroy()
  }

  onData(chunk: Buffer): void {
    if (this.#phase === CLOSING || this.#reader.broken) {
      this.#end.noteReceived(chunk.length)
      return
    }
    if (this.#phase === HEAD && !this.#partial) this.#activity += 1
    this.#reader.feed(chunk)
    if (this.#phase === HEAD) this.#advance()
    else if (this.#phase === DRAIN) this.#readAway()
    else {
      this.#activity += 1
      this.#fillBody()
    }
  }

  onEnd(): void {
    this.#reader.ended = true
    if (this.#phase === HEAD) this.#advance()
    else if (this.#exchange?.offered === true)
      this.destroy(new TaipanError('CLIENT_DISCONNECTED', 'the client left in the handshake'))
    else if (this.#phase === EXCHANGE || this.#phase === FLUSH) this.#fillBody()
    else if (this.#phase === DRAIN) this.#close()
  }

  #noteClose(error: Error | undefined): void {
    if (this.#channel !== undefined) return
    this.#end.stop()
    this.#reader.stopDrain()
    const cause = error === undefined ? undefined : { cause: error }
    this.#phase = CLOSING
    if (this.#exchange !== undefined)
      this.#settle(
        new TaipanError('CLIENT_DISCONNECTED', 'the client closed the connection', cause),
      )
  }

  onTaken(): void {
    this.outbox.noteTaken()
    if (this.#phase === EXCHANGE) this.#exchange?.response.noteProgress()
    else if (this.#phase === FLUSH && this.outbox.pending === 0) this.#finishExchange()
  }

  /** Starts the requests that have arrived, as long as each is answered at once. */
  #advance(): void {
    if (this.#advancing) return
    this.#advancing = true
    try {
      while (this.#phase === HEAD) {
        const request = this.#reader.readHead()
        if (request === undefined) break
        this.#start(request)
      }
    } catch (error) {
      this.#refuse(toRefusable(error))
    } finally {
      this.#advancing = false
    }
    if (this.#phase === HEAD) this.#awaitHead()
    else this.#regulate()
  }

  #awaitHead(): void {
    if (this.#reader.ended) {
      if (this.#partial)
        this.#refuse(new TaipanError('REQUEST_MALFORMED', 'the header is not complete'))
      else this.#close()
    } else if (this.context.stopping && !this.#partial) this.#close()
    else {
      if (this.context.stopping) this.#end.awaitLast(this.#onHeadLate)
      this.#reader.goOn()
    }
  }

  readonly #onHeadLate = (): void => {
    if (this.#partial) this.#refuse(new TaipanError('STOPPING', 'the server is stopping'))
  }

  #start(request: Http1Request): void {
    this.#requests += 1
    this.context.exchanges += 1
    this.#activity += 1
    const exchange = new Http1Exchange(this, request)
    if (request.webSocket) exchange.handshake = this.context.webSockets.readHandshake(request)
    this.#exchange = exchange
    this.#phase = EXCHANGE
    if (!this.#reader.bodyDone) this.#fillBody()
    if (this.#phase !== EXCHANGE) return
    try {
      this.context.handler(exchange)
    } catch (error) {
      this.#noteHandlerFailure(exchange, error)
    }
  }

  #noteHandlerFailure(exchange: Http1Exchange, error: unknown): void {
    const { logger } = this.context
    logger.error({ request: exchange.id, error }, 'the handler of a request failed')
    answerError(exchange, 'INTERNAL')
  }

  /** Moves arrived body bytes to the exchange, as far as it has room. */
  #fillBody(): void {
    const body = this.#exchange?.body
    if (body === undefined || this.#reader.broken) return
    if (!this.#reader.bodyDone) {
      const failure = this.#reader.fill(body)
      if (failure !== undefined) {
        this.#failBody(failure)
        return
      }
      body.onProgress?.()
    }
    if (this.clientEnded) this.#exchange?.onClientEnd?.()
    this.#regulate()
  }

  #failBody(error: TaipanError): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    this.#reader.broken = true
    exchange.body.fail(error)
    if (this.#phase === EXCHANGE && !exchange.response.begun) this.#refuse(error)
    else this.#reader.goOn()
  }

  /** Holds the client back while what it sends has no place. */
  #regulate(): void {
    if (this.#phase === EXCHANGE || this.#phase === FLUSH) this.#reader.regulate(this.#exchange)
  }

  #finishChannel(error: Error | undefined): void {
    this.#exchange?.response.finishUpgrade(this.#channel?.bytes ?? 0)
    this.#settle(error)
  }

  #finishExchange(): void {
    const keepAlive = this.#exchange?.response.keepAlive === true && !this.#reader.broken
    this.#phase = DRAIN
    this.#settle(undefined)
    if (!keepAlive) this.#close()
    else if (this.#reader.bodyDone) this.#awaitNext()
    else this.#readAway()
  }

  #awaitNext(): void {
    this.#phase = HEAD
    this.#activity += 1
    if (!this.#advancing) this.#advance()
  }

  #readAway(): void {
    const state = this.#reader.drain(() => this.#close())
    if (state === 'done') this.#awaitNext()
    else if (state === 'failed' || this.#reader.ended) this.#close()
  }

  #settle(error: Error | undefined): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    try {
      exchange?.settle(error)
    } catch (failure) {
      const { logger } = this.context
      logger.error({ error: failure }, 'a listener for the end of a request failed')
    }
  }

  /** Gives the one answer that the front gives by itself, and nothing after it. */
  #refuse(error: TaipanError): void {
    const { logger } = this.context
    const exchange = this.#exchange
    const bodiless = exchange?.request.method === 'HEAD'
    const refusal = createRefusal(this.context.encoder, error, bodiless)
    logger.info(
      { status: refusal.status, code: error.code, client: this.facts.remoteAddress },
      `request refused: ${error.message}`,
    )
    this.#phase = CLOSING
    exchange?.response.supersede(refusal.status)
    this.#settle(error)
    this.outbox.writeNow(refusal.text)
    this.#close()
  }

  #close(): void {
    this.#reader.stopDrain()
    this.#reader.goOn()
    this.#phase = CLOSING
    this.#end.close(this.context.stopping)
  }
}
