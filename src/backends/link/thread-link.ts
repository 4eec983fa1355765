import type { Duplex } from 'node:stream'

import { TaipanError } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Exchange, WebSocketClose } from '../../core/exchange.ts'
import type { FrameHead, FrameSink } from '../../wire/frames.ts'
import { FrameDecoder, FrameType } from '../../wire/frames.ts'
import type { Failures } from './failures.ts'
import type { SpentTimes } from './spent-times.ts'
import { ChannelRelay, FAILED, LOST, parseClose, RESTART } from './channel-relay.ts'
import { Pipelined } from './pipelined.ts'
import type { HeldResponses } from './held-responses.ts'
import { mayOpenSocket, type PendingRequest } from './pending-request.ts'
import { takeBodyAlong } from './request-body.ts'
import { createFacts, type PlacedFacts, type RequestFacts } from './request-facts.ts'
import { parseResponseHead } from './response-head.ts'
import { CLIENT_LEFT, type RelayContext, ResponseRelay } from './response-relay.ts'
import { isAfter } from './serials.ts'
import { StreamWindow } from './stream-window.ts'
import { ThreadWriter } from './thread-writer.ts'

const LOST_PAYLOAD = Buffer.of(LOST.code & 0xff, LOST.code >> 8)

/** What the link of a thread needs from its worker. */
export interface ThreadLinkContext {
  readonly pid: number
  /** `group/pid`, as in the log. */
  readonly label: string
  /** Request bodies up to this length are sent with the request. */
  readonly requestBuffer: number
  readonly held: HeldResponses
  readonly failures: Failures
  readonly times: SpentTimes
  /** A request is over. The thread is idle, or busy with a pipelined request. */
  readonly onFree: (link: ThreadLink, application: number) => void
  /** The socket is closed or sent invalid frames; no more frames will come from this thread. */
  readonly onLost: (link: ThreadLink, error: Error | undefined) => void
  /** Requests are waiting and no thread is idle. */
  readonly underPressure: () => boolean
}

interface ThreadContext extends ThreadLinkContext, RelayContext {
  readonly writer: ThreadWriter
}

/**
 * Link to a thread of a worker: sends exchanges and receives the responses, one after the other. Short requests may be
 * pipelined, which saves a wake-up on both sides for each; `startRecall` and `takeRecalled` take them back.
 */
export class ThreadLink extends ResponseRelay<ThreadContext> implements FrameSink {
  readonly index: number
  /** The thread has a request that it has not freed yet. */
  busy = false
  /** Index of the application of the present or last request. */
  application = 0
  /** `performance.now()` when the present request had its turn. */
  begunAt = 0
  /** Microseconds that the last request took in Python, at most 65,535; undefined if it was not begun. */
  took: number | undefined
  /** `performance.now()` when the present request was interrupted; 0 if it was not. */
  interruptedAt = 0
  /** The present request was interrupted, and does not end. */
  stuck = false
  readonly #socket: Duplex
  readonly #decoder: FrameDecoder
  readonly #pipelined = new Pipelined()
  /** While requests are recalled it is unknown which request a frame of the thread is about. */
  #recalling = false
  #deferred: Buffer[] = []
  #request: PendingRequest | undefined
  /** The WebSocket that the present request has become. */
  #relay: ChannelRelay | undefined
  #retiring = false
  #paused = false
  /** Called when the thread has finished a request whose client has left. */
  #vacate: (() => void) | undefined
  #lost = false

  constructor(index: number, socket: Duplex, context: ThreadLinkContext) {
    super({ ...context, writer: new ThreadWriter(socket) })
    this.index = index
    this.#socket = socket
    this.#decoder = new FrameDecoder(this, { streamed: FrameType.DATA })
    socket.on('data', this.#onChunk)
    socket.on('error', this.#onSocketError)
    socket.on('close', this.#onSocketClose)
  }

  /** The present request, if any. */
  get facts(): RequestFacts | undefined {
    if (!this.busy || this.#request === undefined) return undefined
    return createFacts(this.#request.exchange, this.clock)
  }

  /** The present request, and where it is. */
  get placed(): PlacedFacts | undefined {
    const { facts } = this
    if (facts === undefined || this.#request === undefined) return undefined
    const { application } = this.#request.invocation
    return { facts, application, stream: undefined, place: `taipan-${this.index}` }
  }

  /** Its socket is closed. */
  get lost(): boolean {
    return this.#lost
  }

  /** Reading is paused because of a slow client. */
  get paused(): boolean {
    return this.#paused
  }

  /** Number of pipelined requests. */
  get pipelined(): number {
    return this.#pipelined.length
  }

  /** Its request has become a WebSocket, which may last. */
  get isSocket(): boolean {
    return this.#relay !== undefined
  }

  /** Pipelined requests are being recalled. */
  get recalling(): boolean {
    return this.#recalling
  }

  /** Sends a request to the thread, which must be idle. */
  serve(request: PendingRequest): void {
    const { writer, requestBuffer } = this.context
    const serial = writer.number()
    this.busy = true
    if (!mayOpenSocket(request)) takeBodyAlong(request, requestBuffer)
    this.open(request, serial, performance.now())
    writer.add(request, serial)
    writer.flush()
  }

  /** Pipelines a request with a complete body. It is sent with others at the end of this turn of the event loop. */
  pipeline(request: PendingRequest): void {
    const { writer, requestBuffer } = this.context
    const serial = writer.number()
    takeBodyAlong(request, requestBuffer)
    this.#pipelined.add(request, serial)
    writer.add(request, serial)
    writer.flushLater()
  }

  /** Defers the frames of the thread until `takeRecalled`, when it is known which requests it keeps. */
  startRecall(): void {
    this.#recalling = true
    if (!this.#lost) this.context.writer.flush()
  }

  /** Removes the requests that the thread has returned, in the order in which they were sent. */
  takeRecalled(serials: readonly number[]): PendingRequest[] {
    if (this.#lost) return []
    const requests = this.#pipelined.takeListed(serials)
    this.#recalling = false
    // The thread may have returned the present request, too, if it had not begun it.
    if (this.busy && serials.includes(this.tag)) {
      const current = this.exchange === undefined ? undefined : this.#request
      if (this.exchange !== undefined) this.detach(this.exchange)
      if (current !== undefined) requests.unshift(current)
      this.free(undefined)
    }
    for (const chunk of this.#deferred.splice(0)) this.#onChunk(chunk)
    return requests
  }

  /**
   * The requests that an ended thread has certainly not begun, so that other threads can run them: the pipelined ones,
   * because a thread begins the next request only after freeing the present one; the present one if it was not sent or the
   * kernel reports unread data by ECONNRESET; after EPIPE those that were never sent.
   */
  takeBack(error: Error | undefined): PendingRequest[] {
    // The deferred frames came before the thread returned its requests, so they are in order.
    this.#recalling = false
    for (const chunk of this.#deferred.splice(0)) this.#onChunk(chunk)
    this.#decoder.stop()
    const code = error !== undefined && 'code' in error ? error.code : undefined
    const { sent } = this.context.writer
    const lastSent = code === 'EPIPE' || isAfter(this.tag, sent) ? sent : this.tag
    const sentPipelined = this.#pipelined.length > 0
    const requests = this.#pipelined.takeAfter(lastSent)
    const unread = !this.heard && code === 'ECONNRESET' && !sentPipelined
    if (this.exchange === undefined || !(unread || isAfter(this.tag, lastSent))) return requests
    if (this.#request !== undefined) requests.unshift(this.#request)
    this.detach(this.exchange)
    this.#request = undefined
    this.busy = false
    return requests
  }

  /** Continues reading for a slow client if memory limits allow. */
  relieve(): void {
    const { exchange } = this
    if (this.#paused && exchange !== undefined && this.context.held.allows(exchange)) this.#resume()
  }

  /** Closes its WebSocket, also one that is accepted later, because the worker will end. */
  retire(): void {
    this.#retiring = true
    this.#relay?.close(RESTART)
  }

  override giveUp(code: ErrorCode): void {
    if (this.#relay === undefined) super.giveUp(code)
    else this.#relay.close(code === 'STOPPING' ? RESTART : FAILED)
  }

  /** Answers all requests with an error, because no more frames will come from the thread. */
  giveUpAll(code: ErrorCode): void {
    this.giveUp(code)
    for (const request of this.#pipelined.takeAll())
      this.context.failures.answer(request.exchange, code)
  }

  /** Answers the exchange with an error, and tells the thread that the client is gone. */
  interrupt(code: ErrorCode): void {
    this.interruptedAt = performance.now()
    this.giveUp(code)
    this.sendBroken('the request took too long')
  }

  /** Reads the remaining frames, also for a slow client, because the process has ended. */
  drain(): void {
    this.#resume()
  }

  /** Closes the connection. */
  destroy(): void {
    this.#socket.destroy()
  }

  onFrame(frame: FrameHead, chunk: Buffer, start: number, end: number): void {
    if (!this.busy)
      throw new TaipanError('INTERNAL', `an idle thread sent frame type ${frame.type}`)
    this.heard = true
    switch (frame.type) {
      case FrameType.HEAD:
        this.takeHead(parseResponseHead(frame, chunk, start, end))
        return
      case FrameType.ACCEPT:
        this.#accept(chunk.toString('latin1', start, end))
        return
      case FrameType.MESSAGE:
        this.#relay?.takeMessage(frame, chunk, start, end)
        return
      case FrameType.CLOSE:
        this.#takeClose(parseClose(chunk, start, end))
        return
      default:
        this.takeFrame(frame, chunk, start, end)
    }
  }

  /** A request has its turn. */
  protected override open(request: PendingRequest, serial: number, now: number): void {
    const { application, exchange } = request
    this.application = application
    this.begunAt = now
    this.#request = request
    super.open(request, serial, now)
    exchange.onFinish(this.#onExchangeOver)
  }

  protected override onTaken(): void {}

  protected override onHeld(exchange: Exchange): void {
    if (exchange.response.finished) return
    const { underPressure, held } = this.context
    if (held.allows(exchange) && underPressure()) return
    this.#paused = true
    this.#socket.pause()
    this.clock.waitForClient(performance.now())
    exchange.response.onDrain = this.#onDrain
  }

  protected override send(type: number, flags: number, payload?: Uint8Array): void {
    if (this.busy && !this.#lost) super.send(type, flags, payload)
  }

  protected override detach(exchange: Exchange): void {
    super.detach(exchange)
    this.#resume()
  }

  /** The thread has finished its request in `took` microseconds, or has returned it. */
  protected override free(took: number | undefined): void {
    this.giveUp('APPLICATION_FAILED')
    this.#leave()
    this.#relay?.forget()
    this.#relay = undefined
    const { application } = this
    this.took = took
    this.interruptedAt = 0
    this.stuck = false
    const next = this.#pipelined.shift()
    if (next === undefined) {
      this.busy = false
      this.#request = undefined
    } else this.open(next.request, next.serial, performance.now())
    this.context.onFree(this, application)
  }

  protected override takePull(bytes: number): void {
    if (this.#relay === undefined) super.takePull(bytes)
    else this.#relay.request(bytes)
  }

  #accept(text: string): void {
    const { exchange, clock, tag } = this
    if (exchange?.webSocket === undefined) {
      // The client has left.
      this.send(FrameType.CLOSE, 0, LOST_PAYLOAD)
      return
    }
    this.detach(exchange)
    // An open socket may last: the time of a request does not count.
    clock.waitForClient(performance.now())
    const relay: ChannelRelay = new ChannelRelay(text, {
      exchange,
      clock,
      window: new StreamWindow(this.context.writer, tag),
      send: (type, flags, payload) => this.send(type, flags, payload),
      onLost: () => relay.tellClose(LOST),
    })
    this.#relay = relay
    if (this.#retiring) relay.close(RESTART)
  }

  /** Answers at once, because the thread serves nobody else before. */
  #takeClose(close: WebSocketClose): void {
    if (this.#relay === undefined) this.send(FrameType.CLOSE, 0, LOST_PAYLOAD)
    this.#relay?.close(close)
    this.#relay?.tellClose(close)
  }

  readonly #onChunk = (chunk: Buffer): void => {
    if (this.#recalling) {
      this.#deferred.push(chunk)
      return
    }
    try {
      this.#decoder.push(chunk)
      this.settleHead()
    } catch (error) {
      this.#lose(error instanceof Error ? error : new Error(String(error)))
    }
  }

  readonly #onSocketError = (error: Error): void => this.#lose(error)

  readonly #onSocketClose = (): void => this.#lose(undefined)

  #lose(error: Error | undefined): void {
    if (this.#lost) return
    this.#lost = true
    this.#leave()
    this.#socket.destroy()
    this.context.onLost(this, error)
  }

  readonly #onDrain = (): void => this.#resume()

  #resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.clock.goOn(performance.now())
    this.#socket.resume()
  }

  // Called for each exchange that this link ever had, so the present one may be another.
  readonly #onExchangeOver = (): void => {
    const { exchange } = this
    if (exchange === undefined || !exchange.response.finished) return
    this.detach(exchange)
    this.#vacate = exchange.occupy()
    this.sendBroken(CLIENT_LEFT)
  }

  #leave(): void {
    this.#vacate?.()
    this.#vacate = undefined
  }
}
