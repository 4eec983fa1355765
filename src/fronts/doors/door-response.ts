import type { ResponseHead } from '../../core/response-head.ts'
import type { FormatHead } from '../../wire/cgi-head.ts'
import { BaseResponse } from '../exchange/base-response.ts'
import type { ResponseOutbox } from './response-outbox.ts'

/** Where the response of a request goes. */
export interface ResponseOutput {
  readonly outbox: Pick<ResponseOutbox, 'pending' | 'low'>
  readonly formatHead: FormatHead
  /** Writes bytes, or latin-1 text. They must not change afterwards. */
  write(data: Uint8Array | string): void
  /** The whole response was written. */
  finish(): void
  /** The response cannot be completed. */
  cut(reason: Error): void
}

const ONE_WRITE_BYTES = 16_384

/** Encodes a response for the server in front, which frames it for the client, and has no way for interim responses and trailers. */
export class DoorResponse extends BaseResponse {
  readonly #output: ResponseOutput

  constructor(output: ResponseOutput, method: string) {
    super(method)
    this.#output = output
  }

  get pending(): number {
    return this.#output.outbox.pending
  }

  protected get low(): boolean {
    return this.#output.outbox.low
  }

  protected putWhole(
    head: ResponseHead,
    addedLength: number | undefined,
    body: Uint8Array | string,
  ): void {
    const text = this.#output.formatHead(head, addedLength)
    if (typeof body === 'string') this.#output.write(text + body)
    else if (body.length <= ONE_WRITE_BYTES)
      this.#output.write(Buffer.concat([Buffer.from(text, 'latin1'), body]))
    else {
      this.#output.write(text)
      this.#output.write(body)
    }
    this.#output.finish()
  }

  protected putHead(head: ResponseHead): void {
    this.#output.write(this.#output.formatHead(head, undefined))
  }

  protected putPiece(piece: Uint8Array): void {
    this.#output.write(piece)
  }

  protected putInterim(): void {}

  protected putEnd(): void {
    this.#output.finish()
  }

  protected cut(reason: Error): void {
    this.#output.cut(reason)
  }
}
