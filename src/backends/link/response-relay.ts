import { TaipanError } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import type { FrameHead } from '../../wire/frames.ts'
import { FrameFlag, FrameType } from '../../wire/frames.ts'
import { type PendingRequest, noteWorker } from './pending-request.ts'
import type { Failures } from './failures.ts'
import type { FileOffer } from './file-response.ts'
import { answerFromFile, closeFile, openOffered, parseFileOffer } from './file-response.ts'
import type { FrameTarget } from './frame-target.ts'
import { PulledBody } from './request-body.ts'
import type { Answer } from './response-head.ts'
import { ServiceClock } from './service-clock.ts'

const NOTHING = new Uint8Array(0)

/** Reason of a BROKEN frame. */
export const CLIENT_LEFT = 'the client has left'

/** What a relay needs to know of the worker. */
export interface RelayContext {
  readonly pid: number
  /** `group/pid`, as it stands in the log. */
  readonly label: string
  readonly failures: Failures
  readonly writer: FrameTarget
}

/**
 * Carries one exchange at a time: the frames of a worker to its response, and its body to the worker as that asks for it.
 * What a slow client means for the worker is up to the kind of link: its socket is read no further (`ThreadLink`), or it is
 * granted no more bytes (`Stream`).
 */
export abstract class ResponseRelay<Context extends RelayContext = RelayContext> {
  /** Time the worker has had for the exchange, without what it waited for the client. */
  readonly clock = new ServiceClock()
  protected readonly context: Context
  /** Undefined once the response is over for the worker. */
  protected exchange: Exchange | undefined
  /** Names the exchange in frames to the worker. */
  protected tag = 0
  /** The worker has sent something for the exchange, so it has read the request. */
  heard = false
  /** The worker knows that nobody listens, or that the body breaks off. */
  protected brokenSent = false
  #head: ResponseHead | undefined
  #body: PulledBody | undefined

  constructor(context: Context) {
    this.context = context
  }

  /** The worker has the exchange from now on (`performance.now()`). */
  protected open(request: PendingRequest, tag: number, now: number): void {
    this.exchange = request.exchange
    this.tag = tag
    this.heard = false
    this.brokenSent = false
    this.clock.start(now)
    noteWorker(request, this.context.label, now)
  }

  /** Takes a frame that both kinds of links have. Throws when it makes no sense. */
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
        this.giveUp('APPLICATION_FAILED')
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

  /** Sends the head that waited for a first piece of the body: none has come with it. */
  settleHead(): void {
    const head = this.#head
    this.#head = undefined
    if (head !== undefined) this.exchange?.response.begin(head)
  }

  /** Answers the exchange with an error, unless it is answered already; what the worker still sends for it is dropped. */
  giveUp(code: ErrorCode): void {
    const { exchange } = this
    if (exchange === undefined) return
    this.detach(exchange)
    this.context.failures.answer(exchange, code)
  }

  /** The worker has done with the exchange, after so many microseconds if it is a thread. */
  protected abstract free(took: number): void

  /** The client took a piece at once. */
  protected abstract onTaken(bytes: number): void

  /** A piece waits for a slow client. */
  protected abstract onHeld(exchange: Exchange, bytes: number): void

  /** From now on the exchange is none of ours. */
  protected detach(exchange: Exchange): void {
    const now = performance.now()
    this.exchange = undefined
    this.#head = undefined
    exchange.notes.python = this.clock.age(now)
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

  /** Sends what is there of the body and was asked for. */
  protected pumpBody(): void {
    const { exchange } = this
    if (exchange === undefined || this.#body === undefined) return
    const state = this.#body.pump(exchange.body, this.tag)
    if (state === 'waiting') this.clock.waitForClient(performance.now())
    else this.clock.goOn(performance.now())
    if (state === 'blocked') this.onBlocked()
    if (state === 'broken') this.sendBroken(exchange.body.error?.message ?? CLIENT_LEFT)
  }

  /** The way to the worker is full. */
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
      throw new TaipanError('INTERNAL', 'a second head for one request')
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
    // The worker gets its next request first, and works while this response is sent.
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
    // An interrupted thread waits no longer, and may have the next request by now.
    if (this.tag === tag) this.send(FrameType.OPENED, 0)
    if (file !== undefined) await closeFile(file)
  }
}
