import type { ErrorCode } from '../../core/errors.ts'
import type { FrameHead, FrameSink } from '../../wire/frames.ts'
import { FrameDecoder, FrameType } from '../../wire/frames.ts'
import type { Carrier } from './carrier.ts'
import type { Failures } from './failures.ts'
import type { PendingRequest } from './pending-request.ts'
import { takeBodyAlong } from './request-body.ts'
import type { RequestFacts } from './request-facts.ts'
import type { StreamContext } from './stream.ts'
import { Stream } from './stream.ts'
import { StreamWriter } from './stream-writer.ts'
import { WebSocketStream } from './web-socket-stream.ts'

/** Most streams that a link can have at a time. */
export const STREAM_LIMIT = 65_535

const MOST_FACTS = 20

/** What an event loop's link needs to know of its worker. */
export interface StreamLinkContext {
  readonly pid: number
  /** `group/pid`, as it stands in the log. */
  readonly label: string
  readonly failures: Failures
  /** Request bodies up to this many bytes are handed over without being asked for. */
  readonly requestBuffer: number
  /** Applications are cancelled when their clients leave. */
  readonly cancelOnDisconnect: boolean
  /** The application is called as ASGI says; the others as WSGI does. */
  readonly isAsgi: (request: PendingRequest) => boolean
  /** A stream takes too long, and is about to be told to end. */
  readonly onOverdue: (stream: Stream) => void
  /** A stream is over. */
  readonly onFree: (application: number) => void
  /** The carrier has closed or its frames cannot be read; nothing more comes from this loop. */
  readonly onLost: (error: Error | undefined) => void
}

/** The event loop of a worker: hands it exchanges, many at a time, and carries the answers back. */
export class StreamLink implements FrameSink {
  /** Streams that have not ended. */
  active = 0
  /** Resolves when nothing more comes. */
  readonly ended: Promise<void>
  readonly #carrier: Carrier
  readonly #context: StreamLinkContext
  readonly #streamContext: StreamContext
  readonly #writer: StreamWriter
  readonly #decoder: FrameDecoder
  readonly #streams: (Stream | undefined)[] = []
  readonly #numbers: number[] = []
  #highest = 0
  /** Streams whose body waits until the carrier takes more. */
  #blocked: Stream[] = []
  /** Has sent a head whose body may follow in the same piece. */
  #headed: Stream | undefined
  #retiring = false
  #lost = false
  #settleEnded: () => void = () => {}

  constructor(carrier: Carrier, context: StreamLinkContext) {
    this.#carrier = carrier
    this.#context = context
    this.#writer = new StreamWriter(carrier)
    this.#decoder = new FrameDecoder(this, { streamed: FrameType.DATA })
    this.#streamContext = {
      pid: context.pid,
      label: context.label,
      failures: context.failures,
      cancelOnDisconnect: context.cancelOnDisconnect,
      writer: this.#writer,
      onFree: (stream) => this.#onFree(stream),
      onBlocked: (stream) => this.#blocked.push(stream),
    }
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve
    })
    carrier.onData = this.#onData
    carrier.onDrain = this.#onDrain
    carrier.onClose = (error) => this.#lose(error)
  }

  /** Its carrier has closed. */
  get lost(): boolean {
    return this.#lost
  }

  /** Some of its requests. */
  get facts(): RequestFacts[] {
    const facts: RequestFacts[] = []
    for (const stream of this.#streams) {
      if (stream === undefined) continue
      facts.push(stream.facts)
      if (facts.length === MOST_FACTS) break
    }
    return facts
  }

  /** Hands a request to the loop, which must have less than `STREAM_LIMIT`. */
  serve(request: PendingRequest): void {
    const number = this.#numbers.pop() ?? ++this.#highest
    const isAsgi = this.#context.isAsgi(request)
    const isWebSocket = isAsgi && request.exchange.webSocket !== undefined
    if (!isWebSocket) takeBodyAlong(request, this.#context.requestBuffer)
    const stream = isWebSocket
      ? new WebSocketStream(number, request, this.#streamContext)
      : new Stream(number, request, this.#streamContext)
    this.#streams[number] = stream
    this.active++
    if (this.#retiring) stream.retire()
    this.#writer.request(request, number, isAsgi)
    // WSGI has no way to say it.
    if (isAsgi) stream.watchClientEnd()
  }

  /** Closes all WebSockets, and those that are accepted later: the worker ends soon. */
  retire(): void {
    this.#retiring = true
    for (const stream of this.#streams) stream?.retire()
  }

  /**
   * Ends requests that took longer than `timeout` ms. Returns one that goes on although it was told
   * to end before `since`.
   */
  expire(now: number, timeout: number, since: number): RequestFacts | undefined {
    let stuck: RequestFacts | undefined
    for (const stream of this.#streams) {
      if (stream === undefined) continue
      if (stream.interruptedAt > 0) {
        if (stream.interruptedAt < since) stuck ??= stream.facts
      } else if (stream.answering && stream.clock.worked(now) > timeout) {
        this.#context.onOverdue(stream)
        stream.interrupt('APPLICATION_TIMEOUT', now)
      }
    }
    return stuck
  }

  /**
   * The requests that the worker, whose end has come, has certainly not read: those that were not sent, those of a
   * write that failed, and the last one when the kernel tells by ECONNRESET that something was left unread.
   */
  takeBack(error: Error | undefined): PendingRequest[] {
    this.#decoder.stop()
    const code = error !== undefined && 'code' in error ? error.code : undefined
    const { batch, lastRequest } = this.#writer
    const firstUnsent = code === 'EPIPE' ? batch - 1 : batch
    const requests: PendingRequest[] = []
    for (const stream of this.#streams) {
      if (stream === undefined || stream.heard) continue
      const isUnread = code === 'ECONNRESET' && stream.number === lastRequest
      if (stream.batch < firstUnsent && !isUnread) continue
      const request = stream.takeBack()
      if (request !== undefined) requests.push(request)
    }
    return requests
  }

  /** Answers all it has with an error, and closes WebSockets. */
  giveUpAll(code: ErrorCode): void {
    for (const stream of this.#streams) stream?.giveUp(code)
  }

  /** Ends the connection. */
  destroy(): void {
    this.#carrier.destroy()
  }

  onFrame(frame: FrameHead, chunk: Buffer, start: number, end: number): void {
    const stream = this.#streams[frame.tag]
    if (this.#headed !== undefined && this.#headed !== stream) this.#settleHead()
    if (stream === undefined) return
    if (frame.type === FrameType.HEAD) this.#headed = stream
    stream.onFrame(frame, chunk, start, end)
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      this.#decoder.push(chunk)
      this.#settleHead()
    } catch (error) {
      this.#lose(error instanceof Error ? error : new Error(String(error)))
    }
  }

  readonly #onDrain = (): void => {
    this.#writer.noteDrain()
    for (const stream of this.#blocked.splice(0)) stream.resume()
  }

  #settleHead(): void {
    const headed = this.#headed
    this.#headed = undefined
    headed?.settleHead()
  }

  #onFree(stream: Stream): void {
    const { number, request } = stream
    this.#streams[number] = undefined
    this.#numbers.push(number)
    this.active--
    this.#context.onFree(request.application)
  }

  #lose(error: Error | undefined): void {
    if (this.#lost) return
    this.#lost = true
    this.#carrier.destroy()
    this.#settleEnded()
    this.#context.onLost(error)
  }
}
