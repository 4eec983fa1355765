import type { ResponseSink } from '../core/exchange.ts'
import type { FieldBlock } from '../core/field-block.ts'
import type { ResponseHead } from '../core/response-head.ts'

/**
 * Decides about a response when its head is there: the head to pass on, or what to do in the place of the response, which
 * is dropped then. `body` is undefined where it follows.
 */
export type Diversion = (
  head: ResponseHead,
  body: Uint8Array | string | undefined,
) => ResponseHead | (() => void)

/** A response that something else may take the place of. */
export class DivertedResponse implements ResponseSink {
  readonly #response: ResponseSink
  readonly #divert: Diversion
  #dropped = false

  constructor(response: ResponseSink, divert: Diversion) {
    this.#response = response
    this.#divert = divert
  }

  get begun(): boolean {
    return this.#dropped || this.#response.begun
  }

  get finished(): boolean {
    return this.#dropped || this.#response.finished
  }

  get pending(): number {
    return this.#dropped ? 0 : this.#response.pending
  }

  get onDrain(): (() => void) | undefined {
    return this.#response.onDrain
  }

  set onDrain(listener: (() => void) | undefined) {
    if (!this.#dropped) this.#response.onDrain = listener
  }

  send(head: ResponseHead, body: Uint8Array | string): void {
    const passed = this.#decide(head, body)
    if (passed !== undefined) this.#response.send(passed, body)
  }

  begin(head: ResponseHead): void {
    const passed = this.#decide(head, undefined)
    if (passed !== undefined) this.#response.begin(passed)
  }

  inform(status: number, fields: FieldBlock): void {
    if (!this.#dropped) this.#response.inform(status, fields)
  }

  write(chunk: Uint8Array): boolean {
    return this.#dropped || this.#response.write(chunk)
  }

  end(trailers?: FieldBlock): void {
    if (!this.#dropped) this.#response.end(trailers)
  }

  abort(reason: Error): void {
    if (!this.#dropped) this.#response.abort(reason)
  }

  #decide(head: ResponseHead, body: Uint8Array | string | undefined): ResponseHead | undefined {
    if (this.#dropped) return undefined
    const decision = this.#divert(head, body)
    if (typeof decision !== 'function') return decision
    this.#dropped = true
    decision()
    return undefined
  }
}
