import type { ByteStream, StreamListener } from '../../core/byte-stream.ts'
import { TaipanError } from '../../core/errors.ts'
import { answerError } from '../../core/answer-error.ts'
import type { ConnectionFacts, WebSocketChannel, WebSocketClose } from '../../core/exchange.ts'
import type { Http1Request } from '../../wire/http1/request-head.ts'
import { RequestDecoder } from '../../wire/http1/request-decoder.ts'
import { CONTINUE } from '../../wire/http1/response-encoder.ts'
import type { FrontContext } from './context.ts'
import type { Wait, Watched } from '../listening/deadlines.ts'
import { Drain, DRAIN_BYTES } from './drain.ts'
import { HttpExchange } from './exchange.ts'
import { Linger } from '../listening/linger.ts'
import type { ExchangeLink } from '../exchange/link.ts'
import { Outbox } from '../streams/outbox.ts'
import { createRefusal, toRefusable } from './refusal.ts'
import { Channel, createLostChannel } from '../web-socket/channel.ts'
import { type Handshake, parseHandshake } from '../web-socket/handshake.ts'

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

const PIPELINE_BYTES = 16_384
const CUT_MS = 5000

const SILENCE = {
  send: 'the client takes no bytes',
  pong: 'no pong came in time',
  close: 'the client did not follow the close',
}
const FAILED: WebSocketClose = { code: 1011, reason: '' }
const RESTART: WebSocketClose = { code: 1012, reason: 'service restart' }

/** One client: requests one after the other, each with its answer, until one side has enough. */
export class Connection implements ExchangeLink, StreamListener, Watched {
  readonly context: FrontContext
  readonly facts: ConnectionFacts
  readonly outbox: Outbox
  readonly #stream: ByteStream
  readonly #decoder: RequestDecoder
  #phase = HEAD
  #requests = 0
  #activity = 0
  #exchange: HttpExchange | undefined
  #channel: Channel | undefined
  #advancing = false
  #paused = false
  #resuming = false
  #partial = false
  /** The client has finished sending. */
  #ended = false
  /** What follows in the input means nothing any more. */
  #broken = false
  #drain: Drain | undefined
  #cutTimer: NodeJS.Timeout | undefined
  #linger: Linger | undefined
  /** Why the WebSocket was cut. */
  #reason: Error | undefined

  constructor(stream: ByteStream, context: FrontContext) {
    this.#stream = stream
    this.facts = stream.facts
    this.context = context
    this.#decoder = new RequestDecoder(context.options.limits)
    this.outbox = new Outbox(stream)
    stream.listener = this
    stream.onClose((error) => this.#noteClose(error))
  }

  get clientEnded(): boolean {
    return this.#ended && this.#decoder.bodyDone
  }

  get wait(): Wait {
    if (this.#channel !== undefined) return this.#channel.wait
    if (this.#phase === HEAD) return this.#requests === 0 || this.#partial ? 'header' : 'idle'
    if (this.#phase !== EXCHANGE || this.#decoder.bodyDone) return 'none'
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

  mayReuse(): boolean {
    const exchange = this.#exchange
    const { requestsPerConnection } = this.context.options.limits
    if (exchange === undefined || this.#broken || this.context.stopping) return false
    if (requestsPerConnection > 0 && this.#requests >= requestsPerConnection) return false
    if (!exchange.request.keepAlive) return false
    if (this.#decoder.bodyDone) return true
    return !exchange.body.expectsContinue && (exchange.body.missing ?? 0) <= DRAIN_BYTES
  }

  resumeBody(): void {
    if (this.#resuming || this.#decoder.buffered === 0) return
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
    const framing = this.#exchange?.response.framing
    const begun = this.#exchange?.response.begun === true
    this.#phase = CLOSING
    this.outbox.flush()
    this.#settle(reason)
    if (begun && framing === 'close') this.#stream.reset()
    else if (begun && this.outbox.pending > 0 && this.outbox.handedOver) {
      this.#cutTimer = setTimeout(() => this.#stream.destroy(), CUT_MS).unref()
      this.#stream.destroySoon()
    } else this.#stream.destroy()
  }

  upgrade(handshake: Handshake, lines: readonly string[]): WebSocketChannel {
    const rest = this.#decoder.takeRest()
    this.#exchange?.response.upgrade()
    this.#phase = UPGRADED
    this.outbox.flush()
    const socket = this.#stream.detach()
    this.#setPaused(false)
    const webSocket = this.context.upgrader.upgrade(socket, { handshake, lines, rest })
    if (webSocket === undefined) return createLostChannel()
    this.#channel = new Channel({
      socket,
      webSocket,
      onClosed: (lost) => this.#finishChannel(lost),
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

  /** Ends an idle connection now, any other one behind its running exchange. */
  shutdown(): void {
    if (this.#phase === HEAD && !this.#partial) this.#stream.destroy()
    else if (this.#phase === DRAIN) this.#close()
    this.#linger?.hasten()
  }

  /** Cuts the connection, whatever it is doing. */
  destroy(reason: Error): void {
    if (this.#channel !== undefined) {
      this.#reason ??= reason
      this.#channel.terminate()
      return
    }
    this.#phase = CLOSING
    this.#settle(reason)
    this.#stream.destroy()
  }

  onData(chunk: Buffer): void {
    this.#linger?.noteReceived(chunk.length)
    if (this.#phase === CLOSING || this.#broken) return
    this.#decoder.feed(chunk)
    if (this.#phase === HEAD) this.#advance()
    else if (this.#phase === DRAIN) this.#readAway()
    else {
      this.#activity += 1
      this.#fillBody()
    }
  }

  onEnd(): void {
    this.#ended = true
    if (this.#phase === HEAD) this.#advance()
    else if (this.#exchange?.offered === true)
      this.destroy(new TaipanError('CLIENT_DISCONNECTED', 'the client left in the handshake'))
    else if (this.#phase === EXCHANGE || this.#phase === FLUSH) this.#fillBody()
    else if (this.#phase === DRAIN) this.#close()
  }

  #noteClose(error: Error | undefined): void {
    if (this.#channel !== undefined) return
    clearTimeout(this.#cutTimer)
    this.#drain?.stop()
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
        const request = this.#decoder.readHead()
        if (request === undefined) break
        this.#start(request)
      }
    } catch (error) {
      this.#refuse(toRefusable(error))
    } finally {
      this.#advancing = false
    }
    if (this.#phase === HEAD) this.#awaitHead()
    else if (this.#paused || this.#decoder.buffered > 0) this.#regulate()
  }

  #awaitHead(): void {
    const partial = this.#decoder.buffered > 0
    if (this.#ended) {
      if (partial) this.#refuse(new TaipanError('REQUEST_MALFORMED', 'the header is not complete'))
      else this.#close()
      return
    }
    if (partial !== this.#partial) this.#activity += 1
    this.#partial = partial
    if (this.context.stopping && !partial) this.#close()
    else if (this.#paused) this.#setPaused(false)
  }

  #start(request: Http1Request): void {
    this.#requests += 1
    this.#activity += 1
    const exchange = new HttpExchange(this, request, performance.now())
    if (request.webSocket) exchange.handshake = this.#readHandshake(request)
    this.#exchange = exchange
    this.#phase = EXCHANGE
    this.#partial = false
    if (!this.#decoder.bodyDone) this.#fillBody()
    if (this.#phase !== EXCHANGE) return
    try {
      this.context.options.handler(exchange)
    } catch (error) {
      this.#noteHandlerFailure(exchange, error)
    }
  }

  #readHandshake(request: Http1Request): Handshake {
    const { options, origins } = this.context
    const handshake = parseHandshake(request, options.webSocket.compression)
    origins.validate(request)
    return handshake
  }

  #noteHandlerFailure(exchange: HttpExchange, error: unknown): void {
    const { logger } = this.context.options
    logger.error({ request: exchange.id, error }, 'the handler of a request failed')
    answerError(exchange, 'INTERNAL')
  }

  /** Moves arrived body bytes to the exchange, as far as it has room. */
  #fillBody(): void {
    const body = this.#exchange?.body
    if (body === undefined || this.#broken) return
    if (!this.#decoder.bodyDone) {
      try {
        for (;;) {
          const piece = this.#decoder.readBody(body.room)
          if (piece === undefined) break
          body.push(piece)
        }
        if (this.#decoder.bodyDone) body.finish()
        else if (this.#ended && this.#decoder.buffered === 0) {
          this.#failBody(new TaipanError('REQUEST_MALFORMED', 'the body is not complete'))
          return
        }
      } catch (error) {
        this.#failBody(toRefusable(error))
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
    this.#broken = true
    exchange.body.fail(error)
    if (this.#phase === EXCHANGE && !exchange.response.begun) this.#refuse(error)
    else this.#setPaused(false)
  }

  /** Holds the client back while what it sends has no place. */
  #regulate(): void {
    if (this.#phase !== EXCHANGE && this.#phase !== FLUSH) return
    const { buffered, bodyDone } = this.#decoder
    const full = bodyDone
      ? buffered >= PIPELINE_BYTES
      : buffered > 0 && this.#exchange?.body.room === 0
    if (full !== this.#paused) this.#setPaused(full)
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return
    this.#paused = paused
    if (paused) this.#stream.pause()
    else this.#stream.resume()
  }

  #finishChannel(lost: boolean): void {
    this.#exchange?.response.finishUpgrade(this.#channel?.bytes ?? 0)
    if (lost)
      this.#reason ??= new TaipanError('CLIENT_DISCONNECTED', 'the client left without a close')
    this.#settle(this.#reason)
  }

  #finishExchange(): void {
    const keepAlive = this.#exchange?.response.keepAlive === true && !this.#broken
    this.#phase = DRAIN
    this.#settle(undefined)
    if (!keepAlive) this.#close()
    else if (this.#decoder.bodyDone) this.#awaitNext()
    else this.#startDrain()
  }

  #awaitNext(): void {
    this.#phase = HEAD
    this.#activity += 1
    if (!this.#advancing) this.#advance()
  }

  #startDrain(): void {
    this.#drain = new Drain(this.#decoder, () => this.#close())
    this.#setPaused(false)
    this.#readAway()
  }

  #readAway(): void {
    const state = this.#drain?.read()
    if (state === 'done') {
      this.#drain?.stop()
      this.#awaitNext()
    } else if (state === 'failed' || this.#ended) this.#close()
  }

  #settle(error: Error | undefined): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    try {
      exchange?.settle(error)
    } catch (failure) {
      const { logger } = this.context.options
      logger.error({ error: failure }, 'a listener for the end of a request failed')
    }
  }

  /** Gives the one answer that the front gives by itself, and nothing after it. */
  #refuse(error: TaipanError): void {
    const { logger } = this.context.options
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
    this.#drain?.stop()
    this.#phase = CLOSING
    this.#paused = false
    if (this.#linger !== undefined || this.#stream.closed) return
    this.#linger = new Linger(this.#stream)
    if (this.context.stopping) this.#linger.hasten()
  }
}
