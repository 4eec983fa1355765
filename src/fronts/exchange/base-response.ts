import { TaipanError } from '../../core/errors.ts'
import type { ResponseSink } from '../../core/exchange.ts'
import { FieldBlock, NO_FIELDS } from '../../core/field-block.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import { isBodiless } from '../../core/status.ts'
import { HIGH_WATER } from '../../streams/net/outbox.ts'

const IDLE = 0
const BEGUN = 1
const ENDED = 2
/** 101 was sent: only `abort` has an effect. */
const UPGRADED = 3

/**
 * The rules of HTTP for a response, whatever the protocol: it is sent once; HEAD, 204 and 304 have no body; a body is
 * cut at its Content-Length and must reach it; a writer gets backpressure. Subclasses encode the parts.
 */
export abstract class BaseResponse implements ResponseSink {
  onDrain: (() => void) | undefined
  /** Has the id that the client is told; undefined: none. */
  identified: { readonly id: string } | undefined
  /** Status of the response that began; 0 before. */
  status = 0
  /** Body bytes given to the connection. */
  bytes = 0
  /** Those of the head that was given. */
  fields: FieldBlock = NO_FIELDS
  /** The response has no body, whatever its head says. */
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
    this.fields = head.fields
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
    this.fields = head.fields
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
    // Stays false until `onDrain`, even if there is room earlier, because the caller waits for `onDrain`.
    if (this.pending >= HIGH_WATER) this.#blocked = true
    return !this.#blocked
  }

  inform(status: number, fields: FieldBlock): void {
    // Interim responses must not pile up for a client that does not read.
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

  /** The handshake was answered with 101. */
  upgrade(): void {
    this.#state = UPGRADED
    this.status = 101
  }

  /** The WebSocket is closed after sending `bytes`. */
  finishUpgrade(bytes: number): void {
    this.#state = ENDED
    this.bytes = bytes
  }

  /** The front answers itself, or the client disconnected: no more is accepted. `status` is what the front answers. */
  supersede(status: number): void {
    this.#state = ENDED
    if (this.status === 0) this.status = status
  }

  /** The connection accepted bytes: a blocked writer may continue. */
  noteProgress(): void {
    if (!this.#blocked || this.#state !== BEGUN || !this.low) return
    this.#blocked = false
    this.onDrain?.()
  }

  /** `pending` is low enough for a blocked writer to continue. */
  protected abstract get low(): boolean
  /** Sends and ends a complete response. `body` has the length in the head; `addedLength` is set when the head has none. */
  protected abstract putWhole(
    head: ResponseHead,
    addedLength: number | undefined,
    body: Uint8Array | string,
  ): void
  protected abstract putHead(head: ResponseHead): void
  /** Sends a part of the body, at least one byte. */
  protected abstract putPiece(piece: Uint8Array): void
  protected abstract putInterim(status: number, fields: FieldBlock): void
  /** Ends the response after its whole body. */
  protected abstract putEnd(trailers: FieldBlock): void
  /** Aborts the connection, because the response cannot be completed. */
  protected abstract cut(reason: Error): void

  /** Content-Length for a complete body; undefined for an empty one to HEAD, because GET may have a body. */
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
