import { answerError } from '../../core/answer-error.ts'
import type { ByteStream } from '../../core/byte-stream.ts'
import { TaipanError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { ResponseDecoder } from '../../wire/lrwp/response-decoder.ts'
import { BodyUpload } from '../connections/body-upload.ts'
import { CgiRelay } from '../responses/cgi-relay.ts'
import type { ReceivedBody } from './receive-body.ts'

/** Limits for one request in the hands of a peer. */
export interface DeliveryOptions {
  /** Milliseconds; 0: no limit. */
  readonly timeout: number
  /** Bytes of the longest response. */
  readonly responseLimit: number
  /** Follows a redirect within the server. */
  readonly onLocalRedirect: (exchange: Exchange, target: string) => void
}

/** A request that is ready to be sent. Whoever has it last releases its body. */
export interface PeerRequest extends ReceivedBody {
  readonly exchange: Exchange
  /** What is sent first, in one piece: the head, and what is there of the body. The rest of it is still to be taken. */
  readonly opening: readonly Uint8Array[]
}

/** How a delivery ended. */
export interface DeliveryOutcome {
  /** Why the client has not got the answer of the peer, by whose fault; undefined: it has, or that was its own doing. */
  readonly problem: TaipanError | undefined
  /** Why the peer is of no use any more; undefined: it can get another request. */
  readonly loss: string | undefined
}

/** The length in the head tells where the body ends. */
const PLAIN_BODY = {
  encodePiece: (piece: Uint8Array) => [piece],
  bodyEnd: undefined,
  halfCloses: false,
}

/** One request in the hands of a peer, until its answer is whole, whoever still wants it. */
export class Delivery {
  readonly #stream: ByteStream
  readonly #exchange: Exchange
  readonly #options: DeliveryOptions
  readonly #onOver: (outcome: DeliveryOutcome) => void
  readonly #decoder: ResponseDecoder
  readonly #relay: CgiRelay
  readonly #upload: BodyUpload
  #problem: TaipanError | undefined
  /** The rest of the answer is read, but nobody gets it. */
  #muted = false
  #paused = false
  #over = false
  #startedAt = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    stream: ByteStream,
    { exchange, body }: PeerRequest,
    options: DeliveryOptions,
    onOver: (outcome: DeliveryOutcome) => void,
  ) {
    this.#stream = stream
    this.#exchange = exchange
    this.#options = options
    this.#onOver = onOver
    this.#decoder = new ResponseDecoder(options.responseLimit)
    this.#upload = new BodyUpload({
      body,
      stream,
      protocol: PLAIN_BODY,
      onMoved: () => {},
      onBroken: (error) => this.fail(createProblem(error)),
    })
    this.#relay = new CgiRelay({
      exchange,
      nph: false,
      onLocalRedirect: (target) => options.onLocalRedirect(exchange, target),
      onPause: () => this.#pause(),
      onResume: () => this.#resume(),
    })
  }

  /** Goes on when its opening was sent. May be over at once. */
  start(): void {
    const { notes, startedAt } = this.#exchange
    this.#startedAt = performance.now()
    notes.queued = this.#startedAt - startedAt
    this.#watch()
    this.#exchange.onFinish(({ error }) => this.#noteFinish(error))
    this.#upload.start()
  }

  /** Takes bytes of the peer. */
  take(chunk: Buffer): void {
    let output: Buffer
    try {
      output = this.#decoder.push(chunk)
    } catch (error) {
      this.fail(createProblem(error))
      return
    }
    this.#pass(output)
    if (this.#decoder.done)
      this.#end(this.#upload.done ? undefined : 'it has answered half a request')
  }

  /** The stream has room. */
  pump(): void {
    this.#upload.pump()
  }

  /** Ends it with an error for the client; the peer is of no use any more. */
  fail(problem: TaipanError): void {
    this.#refuse(problem)
    this.#end(problem.message)
  }

  #pass(output: Buffer): void {
    if (this.#muted) return
    try {
      if (this.#decoder.done) {
        this.#noteTime()
        this.#relay.end(output)
      } else this.#relay.take(output)
    } catch (error) {
      // The output is none of CGI, but has a length: the peer can go on.
      this.#refuse(createProblem(error))
    }
  }

  #refuse(problem: TaipanError): void {
    if (this.#over || this.#muted) return
    this.#problem = problem
    this.#noteTime()
    answerError(this.#exchange, problem.code)
    this.#mute()
  }

  /** For the access log, before the response ends. */
  #noteTime(): void {
    this.#exchange.notes.python = performance.now() - this.#startedAt
  }

  /** Nobody waits any more. */
  #noteFinish(error: Error | undefined): void {
    // Its output was shorter than it had announced, or the like.
    if (error instanceof TaipanError && error.facts.fault === 'application')
      this.#problem ??= createProblem(error)
    this.#mute()
  }

  /** The client has an answer, or has left. */
  #mute(): void {
    this.#muted = true
    this.#resume()
  }

  #pause(): void {
    if (this.#muted || this.#over) return
    this.#paused = true
    this.#stream.pause()
  }

  #resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#stream.resume()
  }

  /** The time of the client does not count. */
  #watch(): void {
    const { timeout } = this.#options
    if (timeout === 0) return
    this.#timer = setTimeout(() => {
      if (this.#paused) this.#watch()
      else this.fail(new TaipanError('UPSTREAM_TIMEOUT', `no whole answer within ${timeout} ms`))
    }, timeout)
  }

  #end(loss: string | undefined): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    this.#upload.stop()
    this.#resume()
    this.#onOver({ problem: this.#problem, loss })
  }
}

function createProblem(error: unknown): TaipanError {
  const reason = error instanceof Error ? error.message : String(error)
  return new TaipanError('UPSTREAM_FAILED', reason, { cause: error })
}
