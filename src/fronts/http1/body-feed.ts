import type { TaipanError } from '../../core/errors.ts'
import type { Outbox } from '../../streams/net/outbox.ts'
import type { BodySource } from '../exchange/incoming-body.ts'
import { CONTINUE } from '../../wire/http1/response-encoder.ts'
import type { Http1Exchange } from './http1-exchange.ts'
import type { RequestReader } from './request-reader.ts'

/** Parts of a feed. */
export interface BodyFeedParts {
  readonly reader: RequestReader
  readonly outbox: Outbox
  /** The body is invalid and there is no response yet: the front must refuse the request. */
  readonly onRefused: (error: TaipanError) => void
}

/** Moves the body of one request at a time from the reader to its exchange, as far as that has room. */
export class BodyFeed implements BodySource {
  readonly #reader: RequestReader
  readonly #outbox: Outbox
  readonly #onRefused: (error: TaipanError) => void
  #exchange: Http1Exchange | undefined
  /** The body is filled in the next tick. */
  #resuming = false

  constructor({ reader, outbox, onRefused }: BodyFeedParts) {
    this.#reader = reader
    this.#outbox = outbox
    this.#onRefused = onRefused
  }

  /** The client has finished sending (half-close), and everything it sent has been read. */
  get clientEnded(): boolean {
    return this.#reader.ended && this.#reader.bodyDone
  }

  /** The client must send more of the body. */
  get awaited(): boolean {
    const exchange = this.#exchange
    if (exchange === undefined || exchange.response.finished || this.#reader.bodyDone) return false
    return exchange.body.room > 0 && !exchange.body.expectsContinue
  }

  /** Begins to feed the body of an exchange. */
  open(exchange: Http1Exchange): void {
    this.#exchange = exchange
    if (!this.#reader.bodyDone) this.fill()
  }

  /** The exchange is over. */
  close(): void {
    this.#exchange = undefined
  }

  /** Moves received bytes to the body, and reports a half-close to the exchange. */
  fill(): void {
    const body = this.#exchange?.body
    if (body === undefined || this.#reader.broken) return
    if (!this.#reader.bodyDone) {
      const failure = this.#reader.fill(body)
      if (failure !== undefined) {
        this.fail(failure)
        return
      }
      body.onProgress?.()
    }
    if (this.clientEnded) this.#exchange?.onClientEnd?.()
    this.regulate()
  }

  /** The rest of the body cannot be read. */
  fail(error: TaipanError): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    this.#reader.broken = true
    exchange.body.fail(error)
    if (this.#exchange === exchange && !exchange.response.begun) this.#onRefused(error)
    else this.#reader.goOn()
  }

  /** Pauses the client while its body has no room. */
  regulate(): void {
    if (this.#exchange !== undefined) this.#reader.regulate(this.#exchange)
  }

  resumeBody(): void {
    if (this.#resuming || this.#reader.buffered === 0) return
    this.#resuming = true
    process.nextTick(() => {
      this.#resuming = false
      if (this.#exchange?.response.finished === false) this.fill()
    })
  }

  sendContinue(): void {
    if (this.#exchange?.response.begun === false) this.#outbox.writeNow(CONTINUE)
  }
}
