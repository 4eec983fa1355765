import type { ByteStream } from '../../core/byte-stream.ts'
import { TaipanError } from '../../core/errors.ts'
import type { Http1Limits } from '../../wire/http1/limits.ts'
import { RequestDecoder } from '../../wire/http1/request-decoder.ts'
import type { Http1Request } from '../../wire/http1/request-head.ts'
import type { IncomingBody } from '../exchange/incoming-body.ts'
import { Drain } from './drain.ts'
import { toRefusable } from './refusal.ts'

/** Most bytes of pipelined requests that are read before their turn. */
const PIPELINE_BYTES = 16_384
/** The first line of the preface of HTTP/2, which is a request line that no request has. */
const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n')

/** Reads requests from a connection, and applies backpressure to the client when there is no room. */
export class RequestReader {
  /** End of stream: the client has finished sending. */
  ended = false
  /** The rest of the input is ignored. */
  broken = false
  readonly #stream: ByteStream
  readonly #decoder: RequestDecoder
  #paused = false
  #fed = 0
  #drain: Drain | undefined

  constructor(stream: ByteStream, limits: Http1Limits) {
    this.#stream = stream
    this.#decoder = new RequestDecoder(limits)
  }

  /** Bytes received and not read yet. */
  get buffered(): number {
    return this.#decoder.buffered
  }

  /** Bytes read so far. */
  get read(): number {
    return this.#fed - this.#decoder.buffered
  }

  /** The last request has been read completely. */
  get bodyDone(): boolean {
    return this.#decoder.bodyDone
  }

  /** What has arrived begins as HTTP/2 does. */
  get beginsHttp2(): boolean {
    return this.#decoder.beginsWith(HTTP2_PREFACE)
  }

  feed(chunk: Buffer): void {
    this.#fed += chunk.length
    this.#decoder.feed(chunk)
  }

  /** The next request; undefined until its head is complete. Throws a `TaipanError` for an invalid request. */
  readHead(): Http1Request | undefined {
    return this.#decoder.readHead()
  }

  /** Moves received bytes to the body, as far as it has room. Returns an error if the body can never be complete. */
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
      return new TaipanError('REQUEST_MALFORMED', 'the request body is incomplete')
    return undefined
  }

  /** Drops the rest of a body that the application did not read; calls `onTimeout` if that takes too long. */
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

  /** All unread bytes; they belong to another protocol (after an upgrade). */
  takeRest(): Buffer {
    return this.#decoder.takeRest()
  }

  /** Pauses the client when the body of `exchange`, or the buffer for pipelined requests, has no room. */
  regulate(exchange: { readonly body: IncomingBody } | undefined): void {
    const { buffered, bodyDone } = this.#decoder
    this.#setPaused(
      bodyDone ? buffered >= PIPELINE_BYTES : buffered > 0 && exchange?.body.room === 0,
    )
  }

  /** Resumes reading. */
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
