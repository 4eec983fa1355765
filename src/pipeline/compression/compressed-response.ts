import type { Exchange, ResponseSink } from '../../core/exchange.ts'
import type { FieldBlock } from '../../core/field-block.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import { parseAcceptEncoding, type Coding } from '../content-coding.ts'
import { readField } from '../field-values.ts'
import { CompressedBody } from './compressed-body.ts'
import {
  asAskedFor,
  asCompressed,
  isCompressible,
  isEventStream,
  withVary,
} from './compressible.ts'
import { findMethod, type Method } from './compressors.ts'
import type { CompressorPlaces } from './compressor-places.ts'

/** Longest body that is compressed at once, on this thread. */
const SMALL_BYTES = 32 * 1024

/** A response that is compressed if it is worth it and its client accepts that. */
export class CompressedResponse implements ResponseSink {
  readonly #exchange: Exchange
  readonly #response: ResponseSink
  readonly #places: CompressorPlaces
  #body: CompressedBody | undefined
  #ended = false
  #onDrain: (() => void) | undefined

  constructor(exchange: Exchange, places: CompressorPlaces) {
    this.#exchange = exchange
    this.#response = exchange.response
    this.#places = places
  }

  get begun(): boolean {
    return this.#response.begun
  }

  get finished(): boolean {
    return this.#ended || this.#response.finished
  }

  get pending(): number {
    return this.#response.pending + (this.#body?.pending ?? 0)
  }

  get onDrain(): (() => void) | undefined {
    return this.#onDrain
  }

  set onDrain(listener: (() => void) | undefined) {
    this.#onDrain = listener
    if (this.#body === undefined) this.#response.onDrain = listener
    else this.#body.onDrain = listener
  }

  send(head: ResponseHead, body: Uint8Array | string): void {
    if (this.begun || this.finished) return
    const length = head.contentLength ?? body.length
    const isHead = this.#exchange.request.method === 'HEAD'
    // What a HEAD would get of a GET is known only if the head tells it.
    if (!isCompressible(isHead ? head : { ...head, contentLength: length })) {
      this.#response.send(this.#adapt(head), body)
      return
    }
    const method = this.#choose()
    if (method === undefined) this.#response.send(withVary(head), body)
    else if (isHead) this.#response.send(asCompressed(head, method.coding, undefined), '')
    else if (body.length < length || body.length > SMALL_BYTES) this.#sendByPieces(head, body)
    else this.#sendCompressed(head, body, method)
  }

  begin(head: ResponseHead): void {
    if (this.begun || this.finished) return
    if (!isCompressible(head)) {
      this.#response.begin(this.#adapt(head))
      return
    }
    const method = this.#choose()
    const isHead = this.#exchange.request.method === 'HEAD'
    if (method === undefined || (!isHead && !this.#places.take())) {
      this.#response.begin(withVary(head))
      return
    }
    this.#response.begin(asCompressed(head, method.coding, undefined))
    if (!isHead) this.#compress(head, method)
  }

  write(chunk: Uint8Array): boolean {
    return this.#body === undefined ? this.#response.write(chunk) : this.#body.write(chunk)
  }

  inform(status: number, fields: FieldBlock): void {
    this.#response.inform(status, fields)
  }

  end(trailers?: FieldBlock): void {
    if (this.#ended) return
    if (this.#body === undefined) {
      this.#response.end(trailers)
      return
    }
    this.#ended = true
    this.#body.end(trailers)
  }

  abort(reason: Error): void {
    this.#body?.close()
    this.#response.abort(reason)
  }

  #sendByPieces(head: ResponseHead, body: Uint8Array | string): void {
    this.begin(head)
    this.write(typeof body === 'string' ? Buffer.from(body, 'latin1') : body)
    this.end()
  }

  #adapt(head: ResponseHead): ResponseHead {
    return asAskedFor(head, readField(this.#exchange.request.fields, 'if-none-match'))
  }

  #compress(head: ResponseHead, method: Chosen): void {
    const body = new CompressedBody({
      response: this.#response,
      compressor: method.create(isEventStream(head)),
      length: head.contentLength,
      onOver: () => this.#places.give(),
    })
    body.onDrain = this.#onDrain
    this.#body = body
    this.#exchange.onFinish(() => body.close())
  }

  #sendCompressed(head: ResponseHead, body: Uint8Array | string, method: Chosen): void {
    const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
    const plain = bytes.subarray(0, head.contentLength ?? bytes.length)
    const compressed = method.compress(plain)
    if (compressed.length >= plain.length) this.#response.send(withVary(head), plain)
    else this.#response.send(asCompressed(head, method.coding, compressed.length), compressed)
  }

  /** What the client likes best of what this Node can do; undefined: the plain form. */
  #choose(): Chosen | undefined {
    const { codings } = parseAcceptEncoding(
      readField(this.#exchange.request.fields, 'accept-encoding'),
    )
    for (const { name } of codings) {
      const method = findMethod(name)
      if (method !== undefined) return { coding: name, ...method }
    }
    return undefined
  }
}

type Chosen = Method & { readonly coding: Coding['name'] }
