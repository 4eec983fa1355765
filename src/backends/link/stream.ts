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

/** What a stream needs from its link. */
export interface StreamContext extends RelayContext {
  /** Cancel applications whose clients disconnect. */
  readonly cancelOnDisconnect: boolean
  readonly writer: StreamWriter
  /** The application has returned. */
  readonly onFree: (stream: Stream) => void
  /** The worker does not read fast enough: call `resume` when it has caught up. */
  readonly onBlocked: (stream: Stream) => void
}

/** A request on an event loop, with its response. It ends when the application has returned. */
export class Stream extends ResponseRelay<StreamContext> {
  readonly request: PendingRequest
  /** Number of the write that contains its request. */
  readonly batch: number
  /** `performance.now()` when the worker was told that the request took too long; 0 if it was not. */
  interruptedAt = 0
  /** It was interrupted, and does not end. */
  stuck = false
  #window: StreamWindow | undefined
  #over = false
  #halfSent = false
  /** Called when the application has returned though the client has left. */
  #vacate: (() => void) | undefined
  /** Its body waits until the worker has caught up. */
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

  /** The client still waits for an ordinary response. */
  get answering(): boolean {
    return this.exchange !== undefined
  }

  /** Handles a frame from the worker. Throws for an invalid frame. */
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

  /** Reports a half-close of the client to the application, because the client has probably disconnected. */
  watchClientEnd(): void {
    const { exchange } = this
    if (exchange === undefined) return
    exchange.onClientEnd = this.#onNews
    this.#noteClientEnd(exchange)
  }

  /** The worker has caught up. */
  resume(): void {
    this.#blocked = false
    this.pumpBody()
  }

  /** Answers the exchange with an error and cancels the application. */
  interrupt(code: ErrorCode, now: number): void {
    this.interruptedAt = now
    this.giveUp(code)
    this.brokenSent = false
    this.sendBroken('the request took too long', FrameFlag.BROKEN_CANCEL)
  }

  /** Removes the exchange without an answer; the worker has not begun it. */
  takeBack(): PendingRequest | undefined {
    const { exchange } = this
    if (exchange === undefined) return undefined
    this.detach(exchange)
    return this.request
  }

  /** Nobody works for a client that has left. */
  leave(): void {
    this.#vacate?.()
    this.#vacate = undefined
  }

  /** The worker will end soon. */
  retire(): void {}

  protected get window(): StreamWindow {
    return (this.#window ??= new StreamWindow(this.context.writer, this.tag))
  }

  protected override free(): void {
    if (this.#over) return
    // An application that knows that its client has disconnected need not answer.
    const isTold = this.#halfSent || this.brokenSent
    this.giveUp(isTold ? 'CLIENT_DISCONNECTED' : 'APPLICATION_FAILED')
    this.#over = true
    this.leave()
    this.context.onFree(this)
  }

  /** The exchange was ended by the client. */
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
      this.#vacate = exchange.occupy()
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
