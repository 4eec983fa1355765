import type { ResponseSink } from '../../core/exchange.ts'
import type { ResponseHead } from '../../core/response-head.ts'

/** A whole response, or as much of it as came. */
export interface CollectedAnswer {
  /** 0 when no response began. */
  readonly status: number
  readonly text: string
  readonly error: Error | undefined
}

/** Groups of a user fit in easily. */
const LONGEST = 1024 * 1024

/** Collects a response in memory. `onEnd` is called once. */
export class AnswerSink implements ResponseSink {
  readonly pending = 0
  onDrain: (() => void) | undefined
  readonly #onEnd: (answer: CollectedAnswer) => void
  readonly #pieces: Uint8Array[] = []
  #bytes = 0
  #status = 0
  #finished = false

  constructor(onEnd: (answer: CollectedAnswer) => void) {
    this.#onEnd = onEnd
  }

  get begun(): boolean {
    return this.#status !== 0
  }

  get finished(): boolean {
    return this.#finished
  }

  send(head: ResponseHead, body: Uint8Array | string): void {
    this.begin(head)
    this.write(typeof body === 'string' ? Buffer.from(body, 'latin1') : body)
    this.end()
  }

  begin({ status }: ResponseHead): void {
    if (!this.#finished) this.#status = status
  }

  inform(): void {}

  write(chunk: Uint8Array): boolean {
    if (this.#finished) return true
    this.#bytes += chunk.length
    if (this.#bytes > LONGEST) this.abort(new Error(`it answered with more than ${LONGEST} bytes`))
    else this.#pieces.push(chunk)
    return true
  }

  end(): void {
    this.#settle(undefined)
  }

  abort(reason: Error): void {
    this.#settle(reason)
  }

  #settle(error: Error | undefined): void {
    if (this.#finished) return
    this.#finished = true
    const text = Buffer.concat(this.#pieces).toString('utf8')
    this.#onEnd({ status: this.#status, text, error })
  }
}
