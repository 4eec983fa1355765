import { TaipanError } from '../../core/errors.ts'
import type { ResponseSink } from '../../core/exchange.ts'
import { type FieldBlock, NO_FIELDS } from '../../core/field-block.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import { reasonPhrase } from '../../core/status.ts'
import {
  type Framing,
  isBodiless,
  formatLastChunk,
  type RequestFacts,
  resolveFraming,
} from '../../wire/http1/response-encoder.ts'
import type { ExchangeLink } from '../exchange/link.ts'
import { HIGH_WATER } from '../streams/outbox.ts'

const IDLE = 0
const BEGUN = 1
const ENDED = 2
/** The connection is a WebSocket: only `abort` means anything. */
const UPGRADED = 3
const ONE_WRITE_BYTES = 16_384

/** Encodes one response into its connection. */
export class HttpResponse implements ResponseSink {
  onDrain: (() => void) | undefined
  /** Status of the response that began; 0 before. */
  status = 0
  /** Body bytes given to the connection. */
  bytes = 0
  /** The connection may be used again behind this response. */
  keepAlive = false
  framing: Framing = 'none'
  readonly #link: ExchangeLink
  readonly #request: RequestFacts
  #state = IDLE
  #left = Number.POSITIVE_INFINITY
  #blocked = false

  constructor(link: ExchangeLink, request: RequestFacts) {
    this.#link = link
    this.#request = request
  }

  get begun(): boolean {
    return this.status !== 0
  }

  get finished(): boolean {
    return this.#state === ENDED
  }

  get pending(): number {
    return this.#link.outbox.pending
  }

  send(head: ResponseHead, body: Uint8Array | string): void {
    if (this.#state !== IDLE) return
    const length = head.contentLength ?? body.length
    const bodiless = isBodiless(this.#request.method, head.status)
    if (!bodiless && body.length < length) {
      this.begin(head)
      this.write(toBytes(body))
      this.end()
      return
    }
    this.#state = ENDED
    const text = this.#formatHead(
      head,
      bodiless ? 'none' : 'length',
      this.#resolveAddedLength(head, body),
    )
    if (bodiless || length === 0) this.#link.outbox.writeNow(text)
    else this.#writeWhole(text, body.length === length ? body : toBytes(body).subarray(0, length))
    this.#link.responseEnded()
  }

  begin(head: ResponseHead): void {
    if (this.#state !== IDLE) return
    this.#state = BEGUN
    const framing = resolveFraming(this.#request, head)
    if (framing === 'length') this.#left = head.contentLength ?? 0
    this.#link.outbox.writeText(this.#formatHead(head, framing, undefined))
  }

  write(chunk: Uint8Array): boolean {
    if (this.#state !== BEGUN) return true
    const { outbox } = this.#link
    const size = Math.min(chunk.length, this.#left)
    if (size === 0 || this.framing === 'none') return true
    this.bytes += size
    this.#left -= size
    if (this.framing === 'chunked') outbox.writeText(`${size.toString(16)}\r\n`)
    outbox.write(size === chunk.length ? chunk : chunk.subarray(0, size))
    if (this.framing === 'chunked') outbox.writeText('\r\n')
    // Until `onDrain`, also when a later piece finds room: it was promised.
    if (outbox.pending >= HIGH_WATER) this.#blocked = true
    return !this.#blocked
  }

  inform(status: number, fields: FieldBlock): void {
    if (this.#state !== IDLE || this.#request.version === '1.0') return
    // Hints that nobody reads must not pile up.
    if (this.pending >= HIGH_WATER) return
    this.#link.outbox.writeNow(`HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${fields.text}\r\n`)
  }

  end(trailers: FieldBlock = NO_FIELDS): void {
    if (this.#state === IDLE) {
      this.abort(new TaipanError('APPLICATION_FAILED', 'the response was ended before it began'))
      return
    }
    if (this.#state !== BEGUN) return
    if (this.framing === 'length' && this.#left > 0) {
      const message = `the body is ${this.#left} bytes shorter than its Content-Length`
      this.abort(new TaipanError('APPLICATION_FAILED', message))
      return
    }
    this.#state = ENDED
    if (this.framing === 'chunked') this.#link.outbox.writeText(formatLastChunk(trailers.text))
    this.#link.outbox.flush()
    this.#link.responseEnded()
  }

  abort(reason: Error): void {
    if (this.#state === ENDED) return
    this.#state = ENDED
    this.#link.cut(reason)
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
    if (!this.#blocked || this.#state !== BEGUN || !this.#link.outbox.low) return
    this.#blocked = false
    this.onDrain?.()
  }

  #formatHead(head: ResponseHead, framing: Framing, addedLength: number | undefined): string {
    this.status = head.status
    this.framing = framing
    this.keepAlive = framing !== 'close' && !head.close && this.#link.mayReuse()
    const { version } = this.#request
    const plan = { version, framing, keepAlive: this.keepAlive, addedLength }
    return this.#link.context.encoder.format(head, plan)
  }

  /** The length of a body that was given whole; an empty one says nothing about what GET would get. */
  #resolveAddedLength(head: ResponseHead, body: Uint8Array | string): number | undefined {
    if (head.contentLength !== undefined || head.status === 204 || head.status === 304)
      return undefined
    return body.length === 0 && this.#request.method === 'HEAD' ? undefined : body.length
  }

  #writeWhole(text: string, body: Uint8Array | string): void {
    const { outbox } = this.#link
    this.bytes = body.length
    if (body.length <= ONE_WRITE_BYTES) {
      outbox.writeNow(text + toLatin1(body))
      return
    }
    outbox.writeText(text)
    outbox.write(toBytes(body))
    outbox.flush()
  }
}

function toBytes(body: Uint8Array | string): Uint8Array {
  return typeof body === 'string' ? Buffer.from(body, 'latin1') : body
}

function toLatin1(bytes: Uint8Array | string): string {
  if (typeof bytes === 'string') return bytes
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return buffer.toString('latin1')
}
