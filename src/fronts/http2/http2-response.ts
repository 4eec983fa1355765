import type { ServerHttp2Stream } from 'node:http2'

import type { FieldBlock } from '../../core/field-block.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import { encodeFields, type Http2ResponseEncoder } from '../../wire/http2/response-encoder.ts'
import { BaseResponse, toBytes } from '../exchange/base-response.ts'
import type { StreamOutbox } from './stream-outbox.ts'

const ONE_WRITE_BYTES = 16_384
const RESET_CONTENT = 205
const WITHOUT_BODY = { endStream: true }
const IN_PIECES = { waitForTrailers: true }

/** Where a response goes. */
export interface Http2Output {
  readonly stream: ServerHttp2Stream
  /** Made when a response needs it, because most do not. */
  readonly outbox: StreamOutbox
  /** Undefined if none was made. */
  readonly knownOutbox: StreamOutbox | undefined
  readonly encoder: Http2ResponseEncoder
  /** Ends the exchange and resets the stream, because the response cannot be completed. */
  cut(reason: Error): void
}

/** Gives a response to a stream of Node's library. */
export class Http2Response extends BaseResponse {
  readonly #output: Http2Output

  constructor(output: Http2Output, method: string) {
    super(method)
    this.#output = output
  }

  get pending(): number {
    return this.#output.knownOutbox?.pending ?? 0
  }

  protected get low(): boolean {
    return this.#output.knownOutbox?.low ?? true
  }

  protected putWhole(
    head: ResponseHead,
    addedLength: number | undefined,
    body: Uint8Array | string,
  ): void {
    const { stream, encoder } = this.#output
    if (isOver(stream)) return
    const fields = encoder.encode(head, addedLength, this.identified?.id)
    if (body.length === 0 || head.status === RESET_CONTENT) stream.respond(fields, WITHOUT_BODY)
    else {
      stream.respond(fields)
      if (body.length > ONE_WRITE_BYTES) {
        const { outbox } = this.#output
        outbox.write(toBytes(body))
        outbox.end()
      } else if (typeof body === 'string') stream.end(body, 'latin1')
      else stream.end(body)
    }
  }

  protected putHead(head: ResponseHead): void {
    const { stream, encoder } = this.#output
    if (isOver(stream)) return
    if (head.status === RESET_CONTENT) this.bodiless = true
    const options = this.bodiless ? WITHOUT_BODY : IN_PIECES
    stream.respond(encoder.encode(head, undefined, this.identified?.id), options)
  }

  protected putPiece(piece: Uint8Array): void {
    if (!isOver(this.#output.stream)) this.#output.outbox.write(piece)
  }

  protected putInterim(status: number, fields: FieldBlock): void {
    const { stream } = this.#output
    if (!isOver(stream)) stream.additionalHeaders(encodeFields(fields, status))
  }

  protected putEnd(trailers: FieldBlock): void {
    const { stream, outbox } = this.#output
    if (isOver(stream) || this.bodiless) return
    if (trailers.text !== '')
      stream.once('wantTrailers', () => stream.sendTrailers(encodeFields(trailers)))
    outbox.end()
  }

  protected cut(reason: Error): void {
    this.#output.cut(reason)
  }
}

// Node learns of a reset before it says so by `close`.
function isOver(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.closed
}
