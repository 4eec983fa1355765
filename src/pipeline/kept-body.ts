import type { RequestBody } from '../core/exchange.ts'

/** A body whose beginning is kept while it is read, so that it can be read again by somebody else. */
export class KeptBody implements RequestBody {
  readonly #body: RequestBody
  readonly #limit: number
  #kept: Uint8Array[] = []
  #size = 0
  #keeps = true

  /** Keeps up to `limit` bytes. */
  constructor(body: RequestBody, limit: number) {
    this.#body = body
    this.#limit = limit
  }

  get length(): number | undefined {
    return this.#body.length
  }

  get complete(): boolean {
    return this.#body.complete
  }

  get buffered(): number {
    return this.#body.buffered
  }

  get error(): Error | undefined {
    return this.#body.error
  }

  get expectsContinue(): boolean {
    return this.#body.expectsContinue
  }

  get onProgress(): (() => void) | undefined {
    return this.#body.onProgress
  }

  set onProgress(listener: (() => void) | undefined) {
    this.#body.onProgress = listener
  }

  request(bytes: number): void {
    this.#body.request(bytes)
  }

  take(limit?: number): Uint8Array | undefined {
    const taken = this.#body.take(limit)
    if (taken !== undefined && this.#keeps) this.#keep(taken)
    return taken
  }

  /** Keeps nothing any more. */
  release(): void {
    this.#keeps = false
    this.#kept = []
  }

  /** The body from its beginning; undefined if more was read than is kept. This one must not be used any more. */
  rewind(): RequestBody | undefined {
    if (!this.#keeps) return undefined
    this.#body.onProgress = undefined
    return this.#size === 0 ? this.#body : new ReplayedBody(this.#kept, this.#body)
  }

  #keep(data: Uint8Array): void {
    this.#size += data.length
    if (this.#size > this.#limit) this.release()
    else this.#kept.push(data)
  }
}

/** What was read of a body, and then the rest of it. */
class ReplayedBody implements RequestBody {
  readonly #read: Uint8Array[]
  readonly #rest: RequestBody
  #size: number

  constructor(read: readonly Uint8Array[], rest: RequestBody) {
    this.#read = [...read]
    this.#rest = rest
    this.#size = read.reduce((sum, data) => sum + data.length, 0)
  }

  get length(): number | undefined {
    return this.#rest.length
  }

  get complete(): boolean {
    return this.#rest.complete
  }

  get buffered(): number {
    return this.#size + this.#rest.buffered
  }

  get error(): Error | undefined {
    return this.#rest.error
  }

  get expectsContinue(): boolean {
    return this.#rest.expectsContinue
  }

  get onProgress(): (() => void) | undefined {
    return this.#rest.onProgress
  }

  set onProgress(listener: (() => void) | undefined) {
    this.#rest.onProgress = listener
  }

  request(bytes: number): void {
    this.#rest.request(Math.max(bytes - this.#size, 0))
  }

  take(limit = Infinity): Uint8Array | undefined {
    const [first] = this.#read
    if (first === undefined) return this.#rest.take(limit === Infinity ? undefined : limit)
    const taken = first.subarray(0, limit)
    if (taken.length === first.length) this.#read.shift()
    else this.#read[0] = first.subarray(taken.length)
    this.#size -= taken.length
    return taken
  }
}
