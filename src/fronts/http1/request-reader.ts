import type { ByteStream } from '../../core/byte-stream.ts'
import { TaipanError } from '../../core/errors.ts'
import type { Http1Limits } from '../../wire/http1/limits.ts'
import { RequestDecoder } from '../../wire/http1/request-decoder.ts'
import type { Http1Request } from '../../wire/http1/request-head.ts'
import type { IncomingBody } from '../exchange/incoming-body.ts'
import { Drain } from './drain.ts'
import { toRefusable } from './refusal.ts'

/** Bytes of requests that wait for their turn, at most. */
const PIPELINE_BYTES = 16_384

/** Takes requests out of what a client sends, and holds the client back while that has no place. */
export class RequestReader {
  /** The client has finished sending. */
  ended = false
  /** What follows in the input means nothing any more. */
  broken = false
  readonly #stream: ByteStream
  readonly #decoder: RequestDecoder
  #paused = false
  #drain: Drain | undefined

  constructor(stream: ByteStream, limits: Http1Limits) {
    this.#stream = stream
    this.#decoder = new RequestDecoder(limits)
  }

  /** Bytes that have arrived and were not read. */
  get buffered(): number {
    return this.#decoder.buffered
  }

  /** All of the last request was read. */
  get bodyDone(): boolean {
    return this.#decoder.bodyDone
  }

  feed(chunk: Buffer): void {
    this.#decoder.feed(chunk)
  }

  /** The next request, or undefined until its head has arrived. Throws a `TaipanError` for what is refused. */
  readHead(): Http1Request | undefined {
    return this.#decoder.readHead()
  }

  /** Moves what has arrived to the body, as far as it has room. Returns why the body will never be whole. */
  fill(body: IncomingBody): TaipanError | undefined {
    try {
      for (;;) {
        const piece = this.#decoder.readBody(body.room)
        if (piece === undefined) break
        body.push(piece)
      }
    } catch (error) {
      return toRefusable(error)
    }
    if (this.#decoder.bodyDone) body.finish()
    else if (this.ended && this.#decoder.buffered === 0)
      return new TaipanError('REQUEST_MALFORMED', 'the body is not complete')
    return undefined
  }

  /** Reads away the rest of a body that nobody wanted; `onTimeout` is called when that takes too long. */
  drain(onTimeout: () => void): 'done' | 'waiting' | 'failed' {
    if (this.#drain === undefined) {
      this.#drain = new Drain(this.#decoder, onTimeout)
      this.goOn()
    }
    const state = this.#drain.read()
    if (state === 'done') this.stopDrain()
    return state
  }

  stopDrain(): void {
    this.#drain?.stop()
    this.#drain = undefined
  }

  /** Everything that was not read: the connection speaks another protocol from here on. */
  takeRest(): Buffer {
    return this.#decoder.takeRest()
  }

  /** Holds the client back while what it sends within the body of `exchange`, or behind it, has no place. */
  regulate(exchange: { readonly body: IncomingBody } | undefined): void {
    const { buffered, bodyDone } = this.#decoder
    this.#setPaused(
      bodyDone ? buffered >= PIPELINE_BYTES : buffered > 0 && exchange?.body.room === 0,
    )
  }

  /** Lets the client send. */
  goOn(): void {
    this.#setPaused(false)
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return
    this.#paused = paused
    if (paused) this.#stream.pause()
    else this.#stream.resume()
  }
}
