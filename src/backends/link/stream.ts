import type { ErrorCode } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { FieldBlock } from '../../core/field-block.ts'
import type { FrameHead } from '../../wire/frames.ts'
import { FrameFlag, FrameType } from '../../wire/frames.ts'
import type { PendingRequest } from './pending-request.ts'
import { createFacts, type RequestFacts } from './request-facts.ts'
import { parseAnswer, parseStreamHead } from './response-head.ts'
import { CLIENT_LEFT, type RelayContext, ResponseRelay } from './response-relay.ts'
import { StreamWindow } from './stream-window.ts'
import type { StreamWriter } from './stream-writer.ts'

/** What a stream needs of the link that it belongs to. */
export interface StreamContext extends RelayContext {
  /** Applications are cancelled when their clients leave. */
  readonly cancelOnDisconnect: boolean
  readonly writer: StreamWriter
  /** The application has returned. */
  readonly onFree: (stream: Stream) => void
  /** The way to the worker is full: `resume` is called when it is not. */
  readonly onBlocked: (stream: Stream) => void
}

/** One request in an event loop, with its response. Lives until the application has returned. */
export class Stream extends ResponseRelay<StreamContext> {
  readonly request: PendingRequest
  /** The write that took its request along. */
  readonly batch: number
  /** `performance.now()` when it was told that the request took too long; 0 when it was not. */
  interruptedAt = 0
  #window: StreamWindow | undefined
  #over = false
  #halfSent = false
  /** Its body waits until the way to the worker is free. */
  #blocked = false

  constructor(number: number, request: PendingRequest, context: StreamContext) {
    super(context)
    this.request = request
    this.batch = context.writer.batch
    this.open(request, number, performance.now())
    request.exchange.onFinish(this.#onNews)
  }

  get number(): number {
    return this.tag
  }

  get facts(): RequestFacts {
    return createFacts(this.request.exchange, this.clock)
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
        this.takeAnswer(parseAnswer(chunk, start, end))
        break
      case FrameType.HEAD:
        this.takeHead(parseStreamHead(flags, chunk, start, end))
        return
      case FrameType.HINTS:
        this.exchange?.response.inform(103, new FieldBlock(chunk.toString('latin1', start, end)))
        return
      case FrameType.TRAILERS:
        this.#takeTrailers(new FieldBlock(chunk.toString('latin1', start, end)))
        break
      default:
        this.takeFrame(frame, chunk, start, end)
        return
    }
    if (flags & FrameFlag.FREE) this.free()
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
    this.pumpBody()
  }

  /** Answers the exchange with an error, and the application is cancelled. */
  interrupt(code: ErrorCode, now: number): void {
    this.interruptedAt = now
    this.giveUp(code)
    this.brokenSent = false
    this.sendBroken('the request took too long', FrameFlag.BROKEN_CANCEL)
  }

  /** Takes the exchange out unanswered: the worker has not begun it. */
  takeBack(): PendingRequest | undefined {
    const { exchange } = this
    if (exchange === undefined) return undefined
    this.detach(exchange)
    return this.request
  }

  /** The worker ends soon. */
  retire(): void {}

  protected get window(): StreamWindow {
    return (this.#window ??= new StreamWindow(this.context.writer, this.tag))
  }

  protected override free(): void {
    if (this.#over) return
    // An application that was told that the client has left owes no answer.
    const isTold = this.#halfSent || this.brokenSent
    this.giveUp(isTold ? 'CLIENT_DISCONNECTED' : 'APPLICATION_FAILED')
    this.#over = true
    this.context.onFree(this)
  }

  /** The exchange has ended without our doing. */
  protected onClientLeft(): void {
    this.sendBroken(CLIENT_LEFT, this.context.cancelOnDisconnect ? FrameFlag.BROKEN_CANCEL : 0)
  }

  protected override onTaken(bytes: number): void {
    this.window.take(bytes)
  }

  protected override onHeld({ response }: Exchange, bytes: number): void {
    this.window.hold(bytes)
    if (response.finished) return
    this.clock.waitForClient(performance.now())
    response.onDrain ??= () => this.#onDrain()
  }

  protected override detach(exchange: Exchange): void {
    super.detach(exchange)
    exchange.onClientEnd = undefined
  }

  protected override pumpBody(): void {
    if (!this.#blocked) super.pumpBody()
  }

  protected override onBlocked(): void {
    this.#blocked = true
    this.context.onBlocked(this)
  }

  protected override send(type: number, flags: number, payload?: Uint8Array): void {
    if (!this.#over) super.send(type, flags, payload)
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
    if (this.context.cancelOnDisconnect) this.sendBroken(CLIENT_LEFT, FrameFlag.BROKEN_CANCEL)
    else this.send(FrameType.BROKEN, FrameFlag.BROKEN_HALF, Buffer.from(CLIENT_LEFT))
  }
}
