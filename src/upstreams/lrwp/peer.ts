import type { ByteStream } from '../../core/byte-stream.ts'
import { TaipanError } from '../../core/errors.ts'
import { formatHostPort } from '../../streams/listening/addresses.ts'
import { SEPARATOR, type Registration } from '../../wire/lrwp/registration.ts'
import { showName } from './names.ts'
import {
  Delivery,
  type DeliveryOptions,
  type DeliveryOutcome,
  type PeerRequest,
} from './delivery.ts'

/** Receives what happens to a peer. */
export interface PeerListener {
  /** It can get a request: it has settled, or has answered the one that it had. */
  onIdle(): void
  /** It had a request, which is over; before `onIdle` or `onGone`. */
  onAnswered(request: PeerRequest, problem: TaipanError | undefined): void
  /** Its connection is closed. Called once, and not before the constructor has returned. */
  onGone(reason: string): void
}

/** What a peer has done. */
export interface PeerFigures {
  readonly requests: number
  /** Requests whose client got no answer by its fault. */
  readonly failures: number
  /** Since its registration. */
  readonly seconds: number
}

/** What a peer needs besides its connection. */
export interface PeerOptions extends DeliveryOptions {
  readonly registration: Registration
  readonly listener: PeerListener
}

/**
 * How long a new peer gets no request. Peers take what one `recv` returns for the answer to their registration, so nothing
 * may arrive with it.
 */
export const SETTLE_MS = 50

/** A program that has registered, at the other end of a connection that is never shared: one request at a time. */
export class Peer {
  /** `host:port` of its end, or `unix`, for people. */
  readonly name: string
  readonly #stream: ByteStream
  readonly #options: PeerOptions
  readonly #since = performance.now()
  #delivery: Delivery | undefined
  #settled = false
  #gone = false
  #retiring = false
  /** One more separator may come. */
  #isUnterminated: boolean
  #requests = 0
  #failures = 0

  constructor(stream: ByteStream, options: PeerOptions) {
    this.#stream = stream
    this.#options = options
    const { remoteAddress, remotePort } = stream.facts
    this.name = remoteAddress === '' ? 'unix' : formatHostPort(remoteAddress, Number(remotePort))
    this.#isUnterminated = !options.registration.terminated
    const settling = setTimeout(() => this.#settle(), SETTLE_MS)
    stream.listener = {
      onData: (chunk) => this.#read(chunk),
      onEnd: () => this.#leave('it has closed its connection'),
      onTaken: () => this.#delivery?.pump(),
    }
    stream.onClose((error) => {
      clearTimeout(settling)
      this.#leave(error?.message ?? 'its connection was closed')
    })
  }

  /** It waits for a request. */
  get idle(): boolean {
    // A broken connection is closed a moment before that is told.
    const isOpen = !this.#gone && !this.#stream.closed
    return this.#settled && isOpen && this.#delivery === undefined
  }

  get busy(): boolean {
    return this.#delivery !== undefined
  }

  /** What it has done. */
  get figures(): PeerFigures {
    const seconds = Math.round((performance.now() - this.#since) / 1000)
    return { requests: this.#requests, failures: this.#failures, seconds }
  }

  /** Sends it the opening of a request; only while it is idle. False: it has left, and not a byte of the request is sent. */
  begin({ opening }: PeerRequest): boolean {
    const stream = this.#stream
    if (!stream.readNow()) this.#leave('it has closed its connection')
    if (this.#gone) return false
    stream.cork()
    for (const piece of opening) stream.write(piece)
    stream.uncork()
    // The system takes a part of what is written, or it fails, but not both at once.
    if (stream.closed) this.#leave('its connection is broken')
    return !this.#gone
  }

  /** Gives it the request that has begun. */
  run(request: PeerRequest): void {
    this.#requests += 1
    const { notes } = request.exchange
    notes.answeredBy = showName(this.#options.registration.name)
    notes.worker = `${notes.answeredBy}/${this.name}`
    this.#delivery = new Delivery(this.#stream, request, this.#options, (outcome) =>
      this.#finish(request, outcome),
    )
    this.#delivery.start()
  }

  /** Closes the connection once the request that it has is over. */
  retire(): void {
    this.#retiring = true
    if (this.#delivery === undefined) this.#leave('the server is stopping')
  }

  /** Closes the connection now. */
  close(problem: TaipanError): void {
    this.#delivery?.fail(problem)
    this.#leave(problem.message)
  }

  #settle(): void {
    if (this.#gone) return
    this.#settled = true
    this.#options.listener.onIdle()
  }

  #read(chunk: Buffer): void {
    const rest = this.#isUnterminated && chunk[0] === SEPARATOR ? chunk.subarray(1) : chunk
    this.#isUnterminated = false
    if (rest.length === 0) return
    if (this.#delivery === undefined) this.#leave('it has sent bytes without having a request')
    else this.#delivery.take(rest)
  }

  #finish(request: PeerRequest, { problem, loss }: DeliveryOutcome): void {
    this.#delivery = undefined
    if (problem !== undefined) this.#failures += 1
    const { listener } = this.#options
    listener.onAnswered(request, problem)
    if (this.#retiring) this.#leave('the server is stopping')
    else if (loss !== undefined) this.#leave(loss)
    else listener.onIdle()
  }

  #leave(reason: string): void {
    if (this.#gone) return
    this.#gone = true
    this.#stream.destroy()
    this.#delivery?.fail(new TaipanError('UPSTREAM_FAILED', `the peer is gone: ${reason}`))
    this.#options.listener.onGone(reason)
  }
}
