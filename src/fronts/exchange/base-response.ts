import { TaipanError } from '../../core/errors.ts'
import type { ResponseSink } from '../../core/exchange.ts'
import { FieldBlock, NO_FIELDS } from '../../core/field-block.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import { isBodiless } from '../../core/status.ts'
import { HIGH_WATER } from '../streams/outbox.ts'

const IDLE = 0
const BEGUN = 1
const ENDED = 2
/** The answer is 101: only `abort` means anything. */
const UPGRADED = 3

/**
 * What holds for a response by any protocol: it is given once, HEAD, 204 and 304 have no body, a body is cut at its
 * Content-Length and must reach it, and a writer that was held back is told when it may go on. How the parts look on the
 * wire is said by the subclass.
 */
export abstract class BaseResponse implements ResponseSink {
  onDrain: (() => void) | undefined
  /** Status of the response that began; 0 before. */
  status = 0
  /** Body bytes given to the connection. */
  bytes = 0
  /** The response that began has no body, whatever its head says. */
  protected bodiless = false
  readonly #method: string
  #state = IDLE
  /** Bytes that the Content-Length still allows. */
  #left = Number.POSITIVE_INFINITY
  #blocked = false

  constructor(method: string) {
    this.#method = method
  }

  abstract get pending(): number

  get begun(): boolean {
    return this.status !== 0
  }

  get finished(): boolean {
    return this.#state === ENDED
  }

  send(head: ResponseHead, body: Uint8Array | string): void {
    if (this.#state !== IDLE) return
    const length = head.contentLength ?? body.length
    const bodiless = isBodiless(this.#method, head.status)
    if (!bodiless && body.length < length) {
      this.begin(head)
      this.write(toBytes(body))
      this.end()
      return
    }
    this.#state = ENDED
    this.status = head.status
    this.bodiless = bodiless
    const addedLength = this.#resolveAddedLength(head, body)
    const whole = bodiless ? '' : body.length === length ? body : toBytes(body).subarray(0, length)
    this.bytes = whole.length
    this.putWhole(withoutLength(head), addedLength, whole)
  }

  begin(head: ResponseHead): void {
    if (this.#state !== IDLE) return
    this.#state = BEGUN
    this.status = head.status
    this.bodiless = isBodiless(this.#method, head.status)
    if (!this.bodiless && head.contentLength !== undefined) this.#left = head.contentLength
    this.putHead(withoutLength(head))
  }

  write(chunk: Uint8Array): boolean {
    if (this.#state !== BEGUN) return true
    const size = Math.min(chunk.length, this.#left)
    if (size === 0 || this.bodiless) return true
    this.bytes += size
    this.#left -= size
    this.putPiece(size === chunk.length ? chunk : chunk.subarray(0, size))
    // Until `onDrain`, also when a later piece finds room: it was promised.
    if (this.pending >= HIGH_WATER) this.#blocked = true
    return !this.#blocked
  }

  inform(status: number, fields: FieldBlock): void {
    // Hints that nobody reads must not pile up.
    if (this.#state === IDLE && this.pending < HIGH_WATER) this.putInterim(status, fields)
  }

  end(trailers: FieldBlock = NO_FIELDS): void {
    if (this.#state === IDLE) {
      this.abort(new TaipanError('APPLICATION_FAILED', 'the response was ended before it began'))
      return
    }
    if (this.#state !== BEGUN) return
    if (this.#left > 0 && this.#left !== Number.POSITIVE_INFINITY) {
      const message = `the body is ${this.#left} bytes shorter than its Content-Length`
      this.abort(new TaipanError('APPLICATION_FAILED', message))
      return
    }
    this.#state = ENDED
    this.putEnd(trailers)
  }

  abort(reason: Error): void {
    if (this.#state === ENDED) return
    this.#state = ENDED
    this.cut(reason)
  }

  /** The answer is 101. */
  upgrade(): void {
    this.#state = UPGRADED
    this.status = 101
  }

  /** The WebSocket is closed; `bytes` were sent on it. */
  finishUpgrade(bytes: number): void {
    this.#state = ENDED
    this.bytes = bytes
  }

  /** The front answers by itself, or the client is gone: nothing more is taken. `status` is what the front answers. */
  supersede(status: number): void {
    this.#state = ENDED
    if (this.status === 0) this.status = status
  }

  /** The connection took bytes: a writer that was held back may go on. */
  noteProgress(): void {
    if (!this.#blocked || this.#state !== BEGUN || !this.low) return
    this.#blocked = false
    this.onDrain?.()
  }

  /** Few enough bytes are pending for a paused writer to go on. */
  protected abstract get low(): boolean
  /** Sends a response that is whole, and ends it. `body` is as long as the head says; `addedLength` is for a head that says nothing. */
  protected abstract putWhole(
    head: ResponseHead,
    addedLength: number | undefined,
    body: Uint8Array | string,
  ): void
  protected abstract putHead(head: ResponseHead): void
  /** At least one byte of the body. */
  protected abstract putPiece(piece: Uint8Array): void
  protected abstract putInterim(status: number, fields: FieldBlock): void
  /** All of the body was put. */
  protected abstract putEnd(trailers: FieldBlock): void
  /** The response cannot be finished. */
  protected abstract cut(reason: Error): void

  /** The length of a body that was given whole; an empty one says nothing about what GET would get. */
  #resolveAddedLength(head: ResponseHead, body: Uint8Array | string): number | undefined {
    if (head.contentLength !== undefined || head.status === 204 || head.status === 304)
      return undefined
    return body.length === 0 && this.#method === 'HEAD' ? undefined : body.length
  }
}

/** `body` as bytes. */
export function toBytes(body: Uint8Array | string): Uint8Array {
  return typeof body === 'string' ? Buffer.from(body, 'latin1') : body
}

// RFC 9110, 8.6: a 204 has no Content-Length.
function withoutLength(head: ResponseHead): ResponseHead {
  if (head.status !== 204 || head.contentLength === undefined) return head
  const text = head.fields.text.replaceAll(/^content-length:[^\r]*\r\n/gim, '')
  return { ...head, fields: new FieldBlock(text), contentLength: undefined }
}
