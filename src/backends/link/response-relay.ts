import { TaipanError } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import type { FrameHead } from '../../wire/frames.ts'
import { FrameFlag, FrameType } from '../../wire/frames.ts'
import { type PendingRequest, noteWorker } from './pending-request.ts'
import type { Failures } from './failures.ts'
import type { SpentTimes } from './spent-times.ts'
import type { FileOffer } from './file-response.ts'
import { answerFromFile, closeFile, openOffered, parseFileOffer } from './file-response.ts'
import type { FrameTarget } from './frame-target.ts'
import { PulledBody } from './request-body.ts'
import type { Answer } from './response-head.ts'
import { ServiceClock } from './service-clock.ts'

const NOTHING = new Uint8Array(0)

/** Reason of a BROKEN frame. */
export const CLIENT_LEFT = 'the client has disconnected'

/** What a relay needs from its link. */
export interface RelayContext {
  readonly pid: number
  /** `group/pid`, as in the log. */
  readonly label: string
  readonly failures: Failures
  readonly times: SpentTimes
  readonly writer: FrameTarget
}

/**
 * Relays one exchange at a time: frames of a worker to the response, and the request body to the worker as it asks for it.
 * Subclasses apply backpressure for slow clients: `ThreadLink` stops reading its socket, `Stream` does not enlarge the
 * window.
 */
export abstract class ResponseRelay<Context extends RelayContext = RelayContext> {
  /** Time of the worker for this exchange, without the time it waited for the client. */
  readonly clock = new ServiceClock()
  protected readonly context: Context
  /** Undefined when the worker has finished with the response. */
  protected exchange: Exchange | undefined
  /** Identifies the exchange in frames to the worker. */
  protected tag = 0
  /** The worker has sent a frame for the exchange, so it has read the request. */
  heard = false
  /** The worker was told that the client disconnected or that the body is broken. */
  protected brokenSent = false
  #head: ResponseHead | undefined
  #body: PulledBody | undefined

  constructor(context: Context) {
    this.context = context
  }

  /** The worker gets the exchange at `now` (`performance.now()`). */
  protected open(request: PendingRequest, tag: number, now: number): void {
    this.exchange = request.exchange
    this.tag = tag
    this.heard = false
    this.brokenSent = false
    this.clock.start(now)
    noteWorker(request, this.context.label, now)
  }

  /** Handles the frames that both kinds of links have. Throws for an invalid frame. */
  protected takeFrame(frame: FrameHead, chunk: Buffer, start: number, end: number): void {
    switch (frame.type) {
      case FrameType.DATA:
        this.#takeData(frame, chunk, start, end)
        return
      case FrameType.FREE:
        this.free(frame.tag)
        return
      case FrameType.PULL:
        this.takePull(chunk.readUInt32LE(start))
        return
      case FrameType.FILE:
        void this.#takeFile(parseFileOffer(chunk, start))
        return
      case FrameType.ABORT:
        this.giveUp(frame.flags & FrameFlag.ABORT_DIED ? 'WORKER_DIED' : 'APPLICATION_FAILED')
        if (frame.flags & FrameFlag.FREE) this.free(frame.tag)
        return
      default:
        throw new TaipanError('INTERNAL', `unknown frame type ${frame.type}`)
    }
  }

  protected takeHead(head: ResponseHead): void {
    const { exchange } = this
    if (exchange === undefined) return
    this.#refuseSecond(exchange)
    this.#head = head
  }

  protected takeAnswer({ head, body }: Answer): void {
    const { exchange } = this
    if (exchange === undefined) return
    this.#refuseSecond(exchange)
    this.detach(exchange)
    exchange.response.send(head, body)
  }

  /** Sends a head that waited for a part of the body in the same chunk. */
  settleHead(): void {
    const head = this.#head
    this.#head = undefined
    if (head !== undefined) this.exchange?.response.begin(head)
  }

  /** Answers the exchange with an error, if it has no response yet; later frames for it are ignored. */
  giveUp(code: ErrorCode): void {
    const { exchange } = this
    if (exchange === undefined) return
    this.detach(exchange)
    this.context.failures.answer(exchange, code)
  }

  /** The worker has finished with the exchange; `took` is its time in microseconds if it is a thread. */
  protected abstract free(took: number): void

  /** The client accepted a part at once. */
  protected abstract onTaken(bytes: number): void

  /** A part waits for a slow client. */
  protected abstract onHeld(exchange: Exchange, bytes: number): void

  /** Separates the exchange from this relay. */
  protected detach(exchange: Exchange): void {
    const now = performance.now()
    this.exchange = undefined
    this.#head = undefined
    exchange.notes.python = this.clock.age(now)
    this.context.times.add(exchange.notes)
    this.clock.goOn(now)
    exchange.response.onDrain = undefined
    if (this.#body === undefined) return
    this.#body.reset()
    exchange.body.onProgress = undefined
  }

  protected takePull(bytes: number): void {
    const { exchange } = this
    if (exchange === undefined) {
      this.sendBroken('the response is complete')
      return
    }
    this.#body ??= new PulledBody(this.context.writer)
    exchange.body.onProgress ??= () => this.pumpBody()
    this.#body.grant(exchange.body, bytes)
    this.pumpBody()
  }

  /** Sends what is available of the body and was asked for. */
  protected pumpBody(): void {
    const { exchange } = this
    if (exchange === undefined || this.#body === undefined) return
    const state = this.#body.pump(exchange.body, this.tag)
    if (state === 'waiting') this.clock.waitForClient(performance.now())
    else this.clock.goOn(performance.now())
    if (state === 'blocked') this.onBlocked()
    if (state === 'broken') this.sendBroken(exchange.body.error?.message ?? CLIENT_LEFT)
  }

  /** The worker does not read fast enough. */
  protected onBlocked(): void {}

  protected sendBroken(reason: string, flags = 0): void {
    if (this.brokenSent) return
    this.brokenSent = true
    this.send(FrameType.BROKEN, flags, Buffer.from(reason, 'utf8'))
  }

  protected send(type: number, flags: number, payload?: Uint8Array): void {
    this.context.writer.frame({ type, flags, tag: this.tag }, payload)
  }

  #refuseSecond(exchange: Exchange): void {
    if (this.#head !== undefined || exchange.response.begun)
      throw new TaipanError('INTERNAL', 'the worker sent a second head for a request')
  }

  #takeData(frame: FrameHead, chunk: Buffer, start: number, end: number): void {
    const { flags, tag } = frame
    const whole = frame.remaining === 0
    const free = whole && (flags & FrameFlag.FREE) !== 0
    const { exchange } = this
    if (exchange !== undefined) {
      if (this.#head === undefined && !exchange.response.begun)
        throw new TaipanError('INTERNAL', 'a DATA frame before HEAD')
      const piece = start === end ? NOTHING : chunk.subarray(start, end)
      if (whole && flags & FrameFlag.DATA_LAST) {
        this.#finish(exchange, piece, free ? tag : undefined)
        return
      }
      if (piece.length > 0) this.#continue(exchange, piece)
    }
    if (free) this.free(tag)
  }

  #continue(exchange: Exchange, piece: Uint8Array): void {
    this.settleHead()
    if (exchange.response.write(piece)) this.onTaken(piece.length)
    else this.onHeld(exchange, piece.length)
  }

  #finish(exchange: Exchange, piece: Uint8Array, took: number | undefined): void {
    const { response } = exchange
    const head = this.#head
    this.detach(exchange)
    // Frees the worker first, so that it gets its next request while this response is sent.
    if (took !== undefined) this.free(took)
    if (head !== undefined) {
      response.send(head, piece)
      return
    }
    if (piece.length > 0) response.write(piece)
    response.end()
  }

  async #takeFile(offer: FileOffer): Promise<void> {
    const { exchange, tag } = this
    const file = exchange === undefined ? undefined : await openOffered(this.context.pid, offer)
    if (file !== undefined && exchange !== undefined && this.exchange === exchange) {
      this.settleHead()
      this.detach(exchange)
      this.send(FrameType.OPENED, FrameFlag.OPENED_OK)
      await answerFromFile(exchange, file, offer)
      return
    }
    // A thread that was interrupted does not wait for the answer, and may have another request.
    if (this.tag === tag) this.send(FrameType.OPENED, 0)
    if (file !== undefined) await closeFile(file)
  }
}
