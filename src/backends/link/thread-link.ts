import type { Socket } from 'node:net'

import { answerError } from '../../core/answer-error.ts'
import { TaipanError } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import type { FrameHead, FrameSink } from '../../wire/frames.ts'
import { FrameDecoder, FrameFlag, FrameType } from '../../wire/frames.ts'
import { Ahead } from './ahead.ts'
import type { FileOffer } from './file-response.ts'
import { answerFromFile, closeFile, openOffered, parseFileOffer } from './file-response.ts'
import type { HeldResponses } from './held-responses.ts'
import { type Errand, noteWorker } from './errand.ts'
import { PulledBody, takeBodyAlong } from './request-body.ts'
import { createFacts, type RequestFacts } from './request-facts.ts'
import { parseResponseHead } from './response-head.ts'
import { isAfter } from './serials.ts'
import { ServiceClock } from './service-clock.ts'
import { ThreadWriter } from './thread-writer.ts'

const NOTHING = new Uint8Array(0)
const CLIENT_LEFT = 'the client has left'

/** What a thread's socket needs to know of its surroundings. */
export interface ThreadSurroundings {
  readonly pid: number
  /** `group/pid`, as it stands in the log. */
  readonly label: string
  /** Request bodies up to this many bytes are handed over without being asked for. */
  readonly requestBuffer: number
  readonly held: HeldResponses
  /** A request is over. The thread can take the next one, unless it has some ahead (`busy`). */
  readonly onFree: (link: ThreadLink, application: number) => void
  /** The socket has closed or its frames cannot be read; nothing more comes from this thread. */
  readonly onLost: (link: ThreadLink, error: Error | undefined) => void
  /** Requests wait and no thread is idle. */
  readonly underPressure: () => boolean
}

/**
 * One thread of a worker: hands it exchanges and carries the answers back, one after the other. Short requests may be
 * sent ahead of their turn, which spares both sides a wake-up for each; `recall` gets them back.
 */
export class ThreadLink implements FrameSink {
  readonly index: number
  /** Time the thread has had for its request, without what it waited for the client. */
  readonly clock = new ServiceClock()
  /** The thread has a request, or has not said yet that it is free again. */
  busy = false
  /** Index of the application it serves, or served last. */
  application = 0
  /** `performance.now()` when its request had its turn. */
  begunAt = 0
  /** Microseconds its last request took in Python, at most 65,535; undefined when it was not begun. */
  took: number | undefined
  /** `performance.now()` of the interrupt that was sent for the request; 0 when none was. */
  interruptedAt = 0
  requestId = ''
  readonly #socket: Socket
  readonly #surroundings: ThreadSurroundings
  readonly #decoder: FrameDecoder
  readonly #writer: ThreadWriter
  readonly #body: PulledBody
  readonly #ahead = new Ahead()
  /** Number of the request whose turn it is, or was last. */
  #serial = 0
  /** While requests are recalled nobody knows which of them the thread answers. */
  #recalling = false
  #deferred: Buffer[] = []
  #exchange: Exchange | undefined
  #errand: Errand | undefined
  /** The thread has sent something for its request, so it has read it. */
  #heard = false
  #head: ResponseHead | undefined
  #brokenSent = false
  #paused = false
  #lost = false

  constructor(index: number, socket: Socket, surroundings: ThreadSurroundings) {
    this.index = index
    this.#socket = socket
    this.#surroundings = surroundings
    this.#decoder = new FrameDecoder(this, { streamed: FrameType.DATA })
    this.#writer = new ThreadWriter(socket)
    this.#body = new PulledBody(this.#writer)
    socket.on('data', this.#onChunk)
    socket.on('error', this.#onSocketError)
    socket.on('close', this.#onSocketClose)
  }

  /** The request it has, if any. */
  get facts(): RequestFacts | undefined {
    if (!this.busy || this.#errand === undefined) return undefined
    return createFacts(this.#errand.exchange, this.clock)
  }

  /** Its socket is closed. */
  get lost(): boolean {
    return this.#lost
  }

  /** Reading waits for a slow client. */
  get paused(): boolean {
    return this.#paused
  }

  /** Requests it has been sent ahead. */
  get ahead(): number {
    return this.#ahead.length
  }

  /** It is being asked for what it was sent ahead. */
  get recalling(): boolean {
    return this.#recalling
  }

  /** Hands a request to the thread, which must be idle. */
  serve(errand: Errand): void {
    const serial = this.#writer.number()
    this.busy = true
    takeBodyAlong(errand, this.#surroundings.requestBuffer)
    this.#begin(errand, serial, performance.now())
    this.#writer.add(errand, serial)
    this.#writer.flush()
  }

  /** Sends a request ahead, whose body must be whole. It leaves with others at the end of this turn of the event loop. */
  serveLater(errand: Errand): void {
    const serial = this.#writer.number()
    takeBodyAlong(errand, this.#surroundings.requestBuffer)
    this.#ahead.add(errand, serial)
    this.#writer.add(errand, serial)
    this.#writer.flushLater()
  }

  /** From now on the thread's answers wait until it is known what it still has: see `takeRecalled`. */
  startRecall(): void {
    this.#recalling = true
    if (!this.#lost) this.#writer.flush()
  }

  /** Removes the requests that the thread has given back, in the order in which they were sent. */
  takeRecalled(serials: readonly number[]): Errand[] {
    if (this.#lost) return []
    const errands = this.#ahead.takeListed(serials)
    this.#recalling = false
    // The thread may not yet have begun the one whose turn it is, either.
    if (this.busy && serials.includes(this.#serial)) {
      const current = this.#exchange === undefined ? undefined : this.#errand
      if (this.#exchange !== undefined) this.#detach(this.#exchange)
      if (current !== undefined) errands.unshift(current)
      this.#becomeFree(undefined)
    }
    for (const chunk of this.#deferred.splice(0)) this.#onChunk(chunk)
    return errands
  }

  /**
   * The requests that the thread, whose end has come, has certainly not begun, so that others may take them. After the end
   * of its bytes these are the ones behind its current one, which it begins only when it has freed itself; the current one
   * too when it was not sent, or the kernel tells by ECONNRESET that it was left unread. After EPIPE they are those that were never sent.
   */
  takeBack(error: Error | undefined): Errand[] {
    // What it was asked to give back is the last of what it had, so the answers before that are in order.
    this.#recalling = false
    for (const chunk of this.#deferred.splice(0)) this.#onChunk(chunk)
    this.#decoder.stop()
    const code = error !== undefined && 'code' in error ? error.code : undefined
    const { sent } = this.#writer
    const lastSent = code === 'EPIPE' || isAfter(this.#serial, sent) ? sent : this.#serial
    const sentAhead = this.#ahead.length > 0
    const errands = this.#ahead.takeAfter(lastSent)
    const unread = !this.#heard && code === 'ECONNRESET' && !sentAhead
    if (this.#exchange === undefined || !(unread || isAfter(this.#serial, lastSent))) return errands
    if (this.#errand !== undefined) errands.unshift(this.#errand)
    this.#detach(this.#exchange)
    this.#errand = undefined
    this.busy = false
    return errands
  }

  /** Goes on reading for a slow client when there is room for what it does not take. */
  relieve(): void {
    const exchange = this.#exchange
    if (this.#paused && exchange !== undefined && this.#surroundings.held.allows(exchange))
      this.#resume()
  }

  /** Answers all it has with an error: nothing more comes from the thread. */
  giveUpAll(code: ErrorCode): void {
    this.giveUp(code)
    for (const errand of this.#ahead.takeAll()) answerError(errand.exchange, code)
  }

  /** Answers the exchange with an error, unless it is answered already; what the thread still sends for it is dropped. */
  giveUp(code: ErrorCode): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    this.#detach(exchange)
    answerError(exchange, code)
  }

  /** The same, and the thread learns that nobody listens. */
  interrupt(code: ErrorCode): void {
    this.interruptedAt = performance.now()
    this.giveUp(code)
    this.#sendBroken('the request took too long')
  }

  /** Reads what has arrived in any case: the process is gone. */
  drain(): void {
    this.#resume()
  }

  /** Ends the connection. */
  destroy(): void {
    this.#socket.destroy()
  }

  onFrame(frame: FrameHead, chunk: Buffer, start: number, end: number): void {
    if (!this.busy) throw new TaipanError('INTERNAL', `frame ${frame.type} from an idle thread`)
    this.#heard = true
    switch (frame.type) {
      case FrameType.DATA:
        this.#takeData(frame, chunk, start, end)
        return
      case FrameType.HEAD:
        this.#takeHead(parseResponseHead(frame, chunk, start, end))
        return
      case FrameType.FREE:
        this.#becomeFree(frame.status)
        return
      case FrameType.PULL:
        this.#takePull(chunk.readUInt32LE(start))
        return
      case FrameType.FILE:
        void this.#takeFile(parseFileOffer(chunk, start))
        return
      case FrameType.ABORT:
        this.giveUp('APPLICATION_FAILED')
        if (frame.flags & FrameFlag.FREE) this.#becomeFree(frame.status)
        return
      default:
        throw new TaipanError('INTERNAL', `unknown frame type ${frame.type}`)
    }
  }

  /** It is the turn of a request. */
  #begin(errand: Errand, serial: number, now: number): void {
    const { exchange, application } = errand
    this.application = application
    this.begunAt = now
    this.requestId = exchange.id
    this.clock.start(now)
    this.#errand = errand
    this.#exchange = exchange
    this.#serial = serial
    this.#heard = false
    this.#brokenSent = false
    this.#body.reset(serial)
    noteWorker(errand, this.#surroundings.label, now)
    exchange.onFinish(this.#onExchangeOver)
  }

  readonly #onChunk = (chunk: Buffer): void => {
    if (this.#recalling) {
      this.#deferred.push(chunk)
      return
    }
    try {
      this.#decoder.push(chunk)
      if (this.#head !== undefined) this.#beginResponse()
    } catch (error) {
      this.#lose(error instanceof Error ? error : new Error(String(error)))
    }
  }

  readonly #onSocketError = (error: Error): void => this.#lose(error)

  readonly #onSocketClose = (): void => this.#lose(undefined)

  #lose(error: Error | undefined): void {
    if (this.#lost) return
    this.#lost = true
    this.#socket.destroy()
    this.#surroundings.onLost(this, error)
  }

  #takeHead(head: ResponseHead): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    if (this.#head !== undefined || exchange.response.begun)
      throw new TaipanError('INTERNAL', 'a second HEAD frame for one request')
    this.#head = head
  }

  #beginResponse(): void {
    const head = this.#head
    this.#head = undefined
    if (head !== undefined) this.#exchange?.response.begin(head)
  }

  #takeData(frame: FrameHead, chunk: Buffer, start: number, end: number): void {
    const whole = frame.remaining === 0
    const last = whole && (frame.flags & FrameFlag.DATA_LAST) !== 0
    const free = whole && (frame.flags & FrameFlag.FREE) !== 0
    const exchange = this.#exchange
    const piece = start === end ? NOTHING : chunk.subarray(start, end)
    if (exchange !== undefined && last) {
      this.#finishResponse(exchange, piece, free ? frame.status : undefined)
      return
    }
    if (exchange !== undefined && piece.length > 0) this.#continueResponse(exchange, piece)
    if (free) this.#becomeFree(frame.status)
  }

  #finishResponse(exchange: Exchange, piece: Uint8Array, took: number | undefined): void {
    const { response } = exchange
    const head = this.#head
    if (head === undefined && !response.begun)
      throw new TaipanError('INTERNAL', 'a DATA frame before HEAD')
    this.#detach(exchange)
    // The thread gets its next request first, and works while this response is sent.
    if (took !== undefined) this.#becomeFree(took)
    if (head !== undefined) {
      response.send(head, piece)
      return
    }
    if (piece.length > 0) response.write(piece)
    response.end()
  }

  #continueResponse(exchange: Exchange, piece: Uint8Array): void {
    const { response } = exchange
    if (this.#head !== undefined) this.#beginResponse()
    else if (!response.begun) throw new TaipanError('INTERNAL', 'a DATA frame before HEAD')
    if (response.write(piece) || response.finished) return
    const { underPressure, held } = this.#surroundings
    if (held.allows(exchange) && underPressure()) return
    this.#paused = true
    this.#socket.pause()
    this.clock.waitForClient(performance.now())
    response.onDrain = this.#onDrain
  }

  readonly #onDrain = (): void => this.#resume()

  #resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.clock.goOn(performance.now())
    this.#socket.resume()
  }

  #takePull(bytes: number): void {
    const exchange = this.#exchange
    if (exchange === undefined) {
      this.#sendBroken('the response is complete')
      return
    }
    exchange.body.onProgress = this.#pumpBody
    this.#body.grant(exchange.body, bytes)
    this.#pumpBody()
  }

  readonly #pumpBody = (): void => {
    const exchange = this.#exchange
    if (exchange === undefined) return
    const state = this.#body.pump(exchange.body)
    if (state === 'waiting') this.clock.waitForClient(performance.now())
    else this.clock.goOn(performance.now())
    if (state === 'broken') this.#sendBroken(exchange.body.error?.message ?? CLIENT_LEFT)
  }

  async #takeFile(offer: FileOffer): Promise<void> {
    const exchange = this.#exchange
    const { requestId } = this
    const file =
      exchange === undefined ? undefined : await openOffered(this.#surroundings.pid, offer)
    // An interrupted thread waits no longer, and may have the next request by now.
    const awaited = this.busy && this.requestId === requestId && !this.#lost
    const usable = awaited && file !== undefined && exchange !== undefined
    if (usable && this.#exchange === exchange) {
      this.#beginResponse()
      this.#detach(exchange)
      this.#sendToThread(FrameType.OPENED, FrameFlag.OPENED_OK)
      await answerFromFile(exchange, file, offer)
      return
    }
    if (awaited) this.#sendToThread(FrameType.OPENED, 0)
    if (file !== undefined) await closeFile(file)
  }

  // Runs for every exchange that was ever here, also when a later one has taken its place.
  readonly #onExchangeOver = (): void => {
    const exchange = this.#exchange
    if (exchange === undefined || !exchange.response.finished) return
    this.#detach(exchange)
    this.#sendBroken(CLIENT_LEFT)
  }

  #sendBroken(reason: string): void {
    if (this.#brokenSent || this.#lost) return
    this.#brokenSent = true
    this.#sendToThread(FrameType.BROKEN, 0, Buffer.from(reason, 'utf8'))
  }

  #sendToThread(type: number, flags: number, payload?: Uint8Array): void {
    this.#writer.frame({ type, flags, status: this.#serial }, payload)
  }

  #detach(exchange: Exchange): void {
    this.#exchange = undefined
    this.#head = undefined
    exchange.notes.python = this.clock.age(performance.now())
    exchange.body.onProgress = undefined
    exchange.response.onDrain = undefined
    this.#body.reset(this.#serial)
    this.#resume()
    this.clock.goOn(performance.now())
  }

  #becomeFree(took: number | undefined): void {
    this.giveUp('APPLICATION_FAILED')
    const { application } = this
    this.took = took
    this.interruptedAt = 0
    const next = this.#ahead.shift()
    if (next === undefined) {
      this.busy = false
      this.#errand = undefined
    } else this.#begin(next.errand, next.serial, performance.now())
    this.#surroundings.onFree(this, application)
  }
}
