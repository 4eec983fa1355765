import { answerError } from '../../core/answer-error.ts'
import { TaipanError } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { FieldBlock } from '../../core/field-block.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import type { FrameHead } from '../../wire/frames.ts'
import { FrameFlag, FrameType } from '../../wire/frames.ts'
import { type Errand, noteWorker } from './errand.ts'
import type { FileOffer } from './file-response.ts'
import { answerFromFile, closeFile, openOffered, parseFileOffer } from './file-response.ts'
import { PulledBody } from './request-body.ts'
import { createFacts, type RequestFacts } from './request-facts.ts'
import { parseAnswer, parseStreamHead } from './response-head.ts'
import { ServiceClock } from './service-clock.ts'
import { StreamWindow } from './stream-window.ts'
import type { StreamWriter } from './stream-writer.ts'

const NOTHING = new Uint8Array(0)
const CLIENT_LEFT = 'the client has left'

/** What a stream needs of the link that it belongs to. */
export interface StreamHome {
  readonly pid: number
  /** `group/pid`, as it stands in the log. */
  readonly label: string
  /** Applications are cancelled when their clients leave. */
  readonly cancelOnDisconnect: boolean
  readonly writer: StreamWriter
  /** The application has returned. */
  readonly onFree: (stream: Stream) => void
  /** The way to the worker is full: `resume` is called when it is not. */
  readonly onBlocked: (stream: Stream) => void
}

/** One request in an event loop, with its response. Lives until the application has returned. */
export class Stream {
  readonly number: number
  readonly errand: Errand
  /** The write that took its request along. */
  readonly batch: number
  /** Time the application has had, without what it waited for the client. */
  readonly clock = new ServiceClock()
  /** The worker has sent something for it, so it has read the request. */
  heard = false
  /** `performance.now()` when it was told that the request took too long; 0 when it was not. */
  interruptedAt = 0
  protected readonly home: StreamHome
  /** Undefined once the response is over for the application. */
  protected exchange: Exchange | undefined
  #head: ResponseHead | undefined
  #body: PulledBody | undefined
  #window: StreamWindow | undefined
  #over = false
  #brokenSent = false
  #halfSent = false
  /** Its body waits until the way to the worker is free. */
  #blocked = false

  constructor(number: number, errand: Errand, home: StreamHome) {
    const { exchange } = errand
    this.number = number
    this.errand = errand
    this.home = home
    this.batch = home.writer.batch
    this.exchange = exchange
    const now = performance.now()
    this.clock.start(now)
    noteWorker(errand, home.label, now)
    exchange.onFinish(this.#onNews)
  }

  get facts(): RequestFacts {
    return createFacts(this.errand.exchange, this.clock)
  }

  /** The client still waits for the end of an ordinary response. */
  get answering(): boolean {
    return this.exchange !== undefined
  }

  /** Takes a frame from the worker. Throws when it makes no sense. */
  onFrame(frame: FrameHead, chunk: Buffer, start: number, end: number): void {
    this.heard = true
    const { type, flags } = frame
    switch (type) {
      case FrameType.ANSWER:
        this.#takeAnswer(chunk, start, end)
        break
      case FrameType.DATA:
        this.#takeData(frame, chunk, start, end)
        return
      case FrameType.HEAD:
        this.#takeHead(parseStreamHead(flags, chunk, start, end))
        return
      case FrameType.FREE:
        this.free()
        return
      case FrameType.PULL:
        this.takePull(chunk.readUInt32LE(start))
        return
      case FrameType.FILE:
        void this.#takeFile(parseFileOffer(chunk, start))
        return
      case FrameType.ABORT:
        this.giveUp('APPLICATION_FAILED')
        break
      case FrameType.HINTS:
        this.exchange?.response.inform(103, new FieldBlock(chunk.toString('latin1', start, end)))
        return
      case FrameType.TRAILERS:
        this.#takeTrailers(new FieldBlock(chunk.toString('latin1', start, end)))
        break
      default:
        throw new TaipanError('INTERNAL', `unknown frame type ${type}`)
    }
    if (flags & FrameFlag.FREE) this.free()
  }

  /** Sends the head that waited for a first piece of the body: none has come with it. */
  settleHead(): void {
    const head = this.#head
    this.#head = undefined
    if (head !== undefined) this.exchange?.response.begin(head)
  }

  /** Lets the application learn when its client has finished sending: it has probably left. */
  watchClientEnd(): void {
    const { exchange } = this
    if (exchange === undefined) return
    exchange.onClientEnd = this.#onNews
    this.#noteClientEnd(exchange)
  }

  /** The way to the worker is free again. */
  resume(): void {
    this.#blocked = false
    this.#pumpBody()
  }

  /** Answers the exchange with an error, unless it is answered already; what the worker still sends for it is dropped. */
  giveUp(code: ErrorCode): void {
    const { exchange } = this
    if (exchange === undefined) return
    this.detach(exchange)
    answerError(exchange, code)
  }

  /** The same, and the application is cancelled. */
  interrupt(code: ErrorCode, now: number): void {
    this.interruptedAt = now
    this.giveUp(code)
    this.#brokenSent = false
    this.#sendBroken('the request took too long', true)
  }

  /** Takes the exchange out unanswered: the worker has not begun it. */
  takeBack(): Errand | undefined {
    const { exchange } = this
    if (exchange === undefined) return undefined
    this.detach(exchange)
    return this.errand
  }

  /** The worker ends soon. */
  retire(): void {}

  protected get window(): StreamWindow {
    return (this.#window ??= new StreamWindow(this.home.writer, this.number))
  }

  protected free(): void {
    if (this.#over) return
    // An application that was told that the client has left owes no answer.
    const isTold = this.#halfSent || this.#brokenSent
    this.giveUp(isTold ? 'CLIENT_DISCONNECTED' : 'APPLICATION_FAILED')
    this.#over = true
    this.home.onFree(this)
  }

  protected takePull(bytes: number): void {
    const { exchange } = this
    if (exchange === undefined) {
      this.#sendBroken('the response is complete', false)
      return
    }
    this.#body ??= this.#createBody()
    exchange.body.onProgress ??= () => this.#pumpBody()
    this.#body.grant(exchange.body, bytes)
    this.#pumpBody()
  }

  /** The exchange has ended without our doing. */
  protected onClientLeft(): void {
    this.#sendBroken(CLIENT_LEFT, this.home.cancelOnDisconnect)
  }

  /** From now on the exchange is none of ours. */
  protected detach(exchange: Exchange): void {
    this.exchange = undefined
    this.#head = undefined
    exchange.notes.python = this.clock.age(performance.now())
    if (this.#body !== undefined) exchange.body.onProgress = undefined
    exchange.response.onDrain = undefined
    exchange.onClientEnd = undefined
  }

  protected send(type: number, flags: number, payload?: Uint8Array): void {
    if (!this.#over) this.home.writer.frame({ type, flags, status: this.number }, payload)
  }

  #createBody(): PulledBody {
    const body = new PulledBody(this.home.writer)
    body.reset(this.number)
    return body
  }

  #takeHead(head: ResponseHead): void {
    const { exchange } = this
    if (exchange === undefined) return
    if (this.#head !== undefined || exchange.response.begun)
      throw new TaipanError('INTERNAL', 'a second HEAD frame for one request')
    this.#head = head
  }

  #takeAnswer(chunk: Buffer, start: number, end: number): void {
    const { exchange } = this
    if (exchange === undefined) return
    if (this.#head !== undefined || exchange.response.begun)
      throw new TaipanError('INTERNAL', 'an ANSWER frame behind a head')
    const { head, body } = parseAnswer(chunk, start, end)
    this.detach(exchange)
    exchange.response.send(head, body)
  }

  #takeData(frame: FrameHead, chunk: Buffer, start: number, end: number): void {
    const whole = frame.remaining === 0
    const { exchange } = this
    if (exchange !== undefined) {
      const piece = start === end ? NOTHING : chunk.subarray(start, end)
      if (this.#head === undefined && !exchange.response.begun)
        throw new TaipanError('INTERNAL', 'a DATA frame before HEAD')
      if (whole && frame.flags & FrameFlag.DATA_LAST) this.#finishResponse(exchange, piece)
      else if (piece.length > 0) this.#continueResponse(exchange, piece)
    }
    if (whole && frame.flags & FrameFlag.FREE) this.free()
  }

  #finishResponse(exchange: Exchange, piece: Uint8Array): void {
    const { response } = exchange
    const head = this.#head
    this.detach(exchange)
    if (head !== undefined) {
      response.send(head, piece)
      return
    }
    if (piece.length > 0) response.write(piece)
    response.end()
  }

  #continueResponse(exchange: Exchange, piece: Uint8Array): void {
    const { response } = exchange
    this.settleHead()
    if (response.write(piece)) {
      this.window.take(piece.length)
      return
    }
    this.window.hold(piece.length)
    if (response.finished) return
    this.clock.waitForClient(performance.now())
    response.onDrain ??= () => this.#onDrain()
  }

  #onDrain(): void {
    this.clock.goOn(performance.now())
    this.window.release()
  }

  #takeTrailers(fields: FieldBlock): void {
    const { exchange } = this
    if (exchange === undefined) return
    this.settleHead()
    this.detach(exchange)
    exchange.response.end(fields)
  }

  #pumpBody(): void {
    const { exchange } = this
    if (exchange === undefined || this.#body === undefined || this.#blocked) return
    const state = this.#body.pump(exchange.body)
    if (state === 'waiting') this.clock.waitForClient(performance.now())
    else this.clock.goOn(performance.now())
    this.#blocked = state === 'blocked'
    if (this.#blocked) this.home.onBlocked(this)
    if (state === 'broken') this.#sendBroken(exchange.body.error?.message ?? CLIENT_LEFT, false)
  }

  async #takeFile(offer: FileOffer): Promise<void> {
    const { exchange } = this
    const file = exchange === undefined ? undefined : await openOffered(this.home.pid, offer)
    if (file !== undefined && exchange !== undefined && this.exchange === exchange) {
      this.settleHead()
      this.detach(exchange)
      this.send(FrameType.OPENED, FrameFlag.OPENED_OK)
      await answerFromFile(exchange, file, offer)
      return
    }
    this.send(FrameType.OPENED, 0)
    if (file !== undefined) await closeFile(file)
  }

  readonly #onNews = (): void => {
    const { exchange } = this
    if (exchange === undefined) return
    if (!exchange.response.finished) this.#noteClientEnd(exchange)
    else {
      this.detach(exchange)
      this.onClientLeft()
    }
  }

  #noteClientEnd(exchange: Exchange): void {
    if (!exchange.clientEnded || this.#halfSent) return
    this.#halfSent = true
    if (this.home.cancelOnDisconnect) this.#sendBroken(CLIENT_LEFT, true)
    else this.send(FrameType.BROKEN, FrameFlag.BROKEN_HALF, Buffer.from(CLIENT_LEFT))
  }

  #sendBroken(reason: string, cancel: boolean): void {
    if (this.#brokenSent) return
    this.#brokenSent = true
    const flags = cancel ? FrameFlag.BROKEN_CANCEL : 0
    this.send(FrameType.BROKEN, flags, Buffer.from(reason, 'utf8'))
  }
}
