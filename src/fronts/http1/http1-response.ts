import type { FieldBlock } from '../../core/field-block.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import { reasonPhrase } from '../../core/status.ts'
import {
  type Framing,
  formatLastChunk,
  type RequestFacts,
  resolveFraming,
} from '../../wire/http1/response-encoder.ts'
import { BaseResponse, toBytes } from '../exchange/base-response.ts'
import type { Http1Link } from './http1-link.ts'

const ONE_WRITE_BYTES = 16_384

/** Encodes a response as HTTP/1. */
export class Http1Response extends BaseResponse {
  /** The connection can be reused after this response. */
  keepAlive = false
  framing: Framing = 'none'
  readonly #link: Http1Link
  readonly #request: RequestFacts

  constructor(link: Http1Link, request: RequestFacts) {
    super(request.method)
    this.#link = link
    this.#request = request
  }

  get pending(): number {
    return this.#link.outbox.pending
  }

  protected get low(): boolean {
    return this.#link.outbox.low
  }

  protected putWhole(
    head: ResponseHead,
    addedLength: number | undefined,
    body: Uint8Array | string,
  ): void {
    const text = this.#formatHead(head, this.bodiless ? 'none' : 'length', addedLength)
    const { outbox } = this.#link
    if (body.length === 0) outbox.writeNow(text)
    else if (body.length <= ONE_WRITE_BYTES) outbox.writeNow(text + toLatin1(body))
    else {
      outbox.writeText(text)
      outbox.write(toBytes(body))
      outbox.flush()
    }
    this.#link.responseEnded()
  }

  protected putHead(head: ResponseHead): void {
    const framing = resolveFraming(this.#request, head)
    this.#link.outbox.writeText(this.#formatHead(head, framing, undefined))
  }

  protected putPiece(piece: Uint8Array): void {
    const { outbox } = this.#link
    if (this.framing === 'chunked') outbox.writeText(`${piece.length.toString(16)}\r\n`)
    outbox.write(piece)
    if (this.framing === 'chunked') outbox.writeText('\r\n')
  }

  protected putInterim(status: number, fields: FieldBlock): void {
    if (this.#request.version === '1.0') return
    this.#link.outbox.writeNow(`HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${fields.text}\r\n`)
  }

  protected putEnd(trailers: FieldBlock): void {
    if (this.framing === 'chunked') this.#link.outbox.writeText(formatLastChunk(trailers.text))
    this.#link.outbox.flush()
    this.#link.responseEnded()
  }

  protected cut(reason: Error): void {
    this.#link.cut(reason)
  }

  #formatHead(head: ResponseHead, framing: Framing, addedLength: number | undefined): string {
    this.framing = framing
    this.keepAlive = framing !== 'close' && !head.close && this.#link.mayReuse()
    const { version } = this.#request
    const requestId = this.identified?.id
    const plan = { version, framing, keepAlive: this.keepAlive, addedLength, requestId }
    return this.#link.context.encoder.format(head, plan)
  }
}

function toLatin1(bytes: Uint8Array | string): string {
  if (typeof bytes === 'string') return bytes
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return buffer.toString('latin1')
}
