import type { ErrorCode } from '../../core/errors.ts'
import type { FrameHead, FrameSink } from '../../wire/frames.ts'
import { FrameDecoder, FrameType } from '../../wire/frames.ts'
import type { Carrier } from './carrier.ts'
import type { Failures } from './failures.ts'
import type { SpentTimes } from './spent-times.ts'
import type { PendingRequest } from './pending-request.ts'
import { takeBodyAlong } from './request-body.ts'
import type { PlacedFacts, RequestFacts } from './request-facts.ts'
import type { StreamContext } from './stream.ts'
import { Stream } from './stream.ts'
import { StreamWriter } from './stream-writer.ts'
import { WebSocketStream } from './web-socket-stream.ts'

/** Most simultaneous streams of a link. */
export const STREAM_LIMIT = 65_535

const MOST_FACTS = 20

/** What the link of an event loop needs from its worker. */
export interface StreamLinkContext {
  readonly pid: number
  /** `group/pid`, as in the log. */
  readonly label: string
  readonly failures: Failures
  readonly times: SpentTimes
  /** Request bodies up to this length are sent with the request. */
  readonly requestBuffer: number
  /** Cancel applications whose clients disconnect. */
  readonly cancelOnDisconnect: boolean
  /** Whether the application is called as ASGI; otherwise as WSGI. */
  readonly isAsgi: (request: PendingRequest) => boolean
  /** A stream takes too long and will be ended. */
  readonly onOverdue: (stream: Stream) => void
  /** A stream is over. */
  readonly onFree: (application: number) => void
  /** The carrier is closed or sent invalid frames; no more frames will come from this loop. */
  readonly onLost: (error: Error | undefined) => void
}

/** Link to the event loop of a worker: sends exchanges, many at a time, and receives the responses. */
export class StreamLink implements FrameSink {
  /** Number of open streams. */
  active = 0
  /** Of these the ones that were interrupted, and do not end. */
  stuck = 0
  /** Resolves when no more frames will come. */
  readonly ended: Promise<void>
  readonly #carrier: Carrier
  readonly #context: StreamLinkContext
  readonly #streamContext: StreamContext
  readonly #writer: StreamWriter
  readonly #decoder: FrameDecoder
  readonly #streams: (Stream | undefined)[] = []
  readonly #numbers: number[] = []
  #highest = 0
  /** Streams whose body waits until the carrier has room. */
  #blocked: Stream[] = []
  /** The stream that has sent a head; its body may follow in the same chunk. */
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
      times: context.times,
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

  /** Its carrier is closed. */
  get lost(): boolean {
    return this.#lost
  }

  /** Facts of its requests, of a limited number of them. */
  get facts(): RequestFacts[] {
    const facts: RequestFacts[] = []
    for (const stream of this.#streams) {
      if (stream === undefined) continue
      facts.push(stream.facts)
      if (facts.length === MOST_FACTS) break
    }
    return facts
  }

  /** Its requests, and where they are. */
  get placed(): PlacedFacts[] {
    return this.#streams.flatMap((stream) =>
      stream === undefined
        ? []
        : {
            facts: stream.facts,
            application: stream.request.invocation.application,
            stream: stream.number,
            place: `stream ${stream.number}`,
          },
    )
  }

  /** Sends a request to the loop, which must have fewer than `STREAM_LIMIT` streams. */
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
    // WSGI cannot express it.
    if (isAsgi) stream.watchClientEnd()
  }

  /** Closes all WebSockets, also those accepted later, because the worker will end. */
  retire(): void {
    this.#retiring = true
    for (const stream of this.#streams) stream?.retire()
  }

  /**
   * Ends requests that took longer than `timeout` ms. Returns a request that still runs although it was to end before
   * `since`.
   */
  expire(now: number, timeout: number, since: number): RequestFacts | undefined {
    let stuck: RequestFacts | undefined
    for (const stream of this.#streams) {
      if (stream === undefined) continue
      if (stream.interruptedAt > 0) {
        if (stream.interruptedAt >= since) continue
        stuck ??= stream.facts
        if (!stream.stuck) this.stuck++
        stream.stuck = true
      } else if (stream.answering && stream.clock.worked(now) > timeout) {
        this.#context.onOverdue(stream)
        stream.interrupt('APPLICATION_TIMEOUT', now)
      }
    }
    return stuck
  }

  /**
   * The requests that an ended worker has certainly not read: those not sent, those of a failed write, and the last one if
   * the kernel reports unread data by ECONNRESET.
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

  /** Answers all exchanges with an error and closes all WebSockets. */
  giveUpAll(code: ErrorCode): void {
    for (const stream of this.#streams) {
      stream?.giveUp(code)
      stream?.leave()
    }
  }

  /** Closes the connection. */
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
    if (stream.stuck) this.stuck--
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
