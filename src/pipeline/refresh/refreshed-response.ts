import type { ResponseSink } from '../../core/exchange.ts'
import type { FieldBlock } from '../../core/field-block.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import { withLength, type PageParts } from './page-head.ts'

/** A response in the browser that gets something behind its body. Whatever is written leaves at once. */
export class RefreshedResponse implements ResponseSink {
  readonly #response: ResponseSink
  readonly #change: (head: ResponseHead, isWhole: boolean) => PageParts
  #tail = ''
  /** Bytes that the Content-Length of the application still allows. */
  #left = Number.POSITIVE_INFINITY

  /** `change` gets the head once, and whether the body comes with it. */
  constructor(response: ResponseSink, change: (head: ResponseHead, isWhole: boolean) => PageParts) {
    this.#response = response
    this.#change = change
  }

  get begun(): boolean {
    return this.#response.begun
  }

  get finished(): boolean {
    return this.#response.finished
  }

  get pending(): number {
    return this.#response.pending
  }

  get onDrain(): (() => void) | undefined {
    return this.#response.onDrain
  }

  set onDrain(listener: (() => void) | undefined) {
    this.#response.onDrain = listener
  }

  send(head: ResponseHead, body: Uint8Array | string): void {
    if (this.begun || this.finished) return
    const length = head.contentLength ?? body.length
    const bytes = toBuffer(body)
    if (bytes.length < length) {
      this.begin(head)
      this.write(bytes)
      this.end()
      return
    }
    const { head: changed, tail, convert } = this.#change(head, true)
    const own = bytes.subarray(0, length)
    if (tail === '') this.#response.send(changed, own)
    else this.#sendPage(changed, Buffer.concat([convert?.(own) ?? own, Buffer.from(tail)]))
  }

  begin(head: ResponseHead): void {
    if (this.begun || this.finished) return
    const { head: changed, tail } = this.#change(head, false)
    this.#tail = tail
    if (tail === '') {
      this.#response.begin(changed)
      return
    }
    const { contentLength } = head
    if (contentLength !== undefined) this.#left = contentLength
    const whole = contentLength === undefined ? undefined : contentLength + tail.length
    this.#response.begin(withLength(changed, whole))
  }

  write(chunk: Uint8Array): boolean {
    const own = chunk.length > this.#left ? chunk.subarray(0, this.#left) : chunk
    this.#left -= own.length
    return this.#response.write(own)
  }

  inform(status: number, fields: FieldBlock): void {
    this.#response.inform(status, fields)
  }

  end(trailers?: FieldBlock): void {
    const isShort = this.#left > 0 && this.#left !== Number.POSITIVE_INFINITY
    if (this.#tail !== '' && !isShort) this.#response.write(Buffer.from(this.#tail))
    this.#tail = ''
    this.#response.end(trailers)
  }

  abort(reason: Error): void {
    this.#response.abort(reason)
  }

  #sendPage(head: ResponseHead, page: Buffer): void {
    const length = head.contentLength === undefined ? undefined : page.length
    this.#response.send(withLength(head, length), page)
  }
}

function toBuffer(body: Uint8Array | string): Buffer {
  return typeof body === 'string'
    ? Buffer.from(body, 'latin1')
    : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}
