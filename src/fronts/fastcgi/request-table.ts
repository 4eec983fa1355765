import type { FastCgiRequest } from './fastcgi-request.ts'

/** The requests of a connection. */
export class RequestTable {
  /** Number of requests that have begun. */
  count = 0
  /** Those whose end was not written, by their ids, in the order of their beginning. */
  readonly #open = new Map<number, FastCgiRequest>()
  /** Those that were given to the handler, until their responses are accepted. */
  readonly #unsettled = new Set<FastCgiRequest>()
  #ready: FastCgiRequest[] = []

  /** Requests whose end was not written. */
  get size(): number {
    return this.#open.size
  }

  /** Every request is over. */
  get idle(): boolean {
    return this.#open.size === 0 && this.#unsettled.size === 0
  }

  /** Some request has no room for what has arrived. */
  get blocked(): boolean {
    for (const { blocked } of this.#open.values()) if (blocked) return true
    return false
  }

  /** The oldest request that waits for the front server. */
  get waiting(): FastCgiRequest | undefined {
    for (const request of this.#open.values()) if (request.wait !== 'none') return request
    return undefined
  }

  find(id: number): FastCgiRequest | undefined {
    return this.#open.get(id)
  }

  add(request: FastCgiRequest): void {
    this.count += 1
    this.#open.set(request.id, request)
  }

  /** The head of a request is complete. */
  addReady(request: FastCgiRequest): void {
    this.#unsettled.add(request)
    this.#ready.push(request)
  }

  /** Starts the requests whose heads are complete. */
  startReady(): void {
    const ready = this.#ready
    this.#ready = []
    for (const request of ready) request.start()
  }

  /** The end of a request was written; its id may be used again. */
  close(request: FastCgiRequest): void {
    this.#open.delete(request.id)
  }

  /** The exchange of a request is over. */
  settle(request: FastCgiRequest): void {
    this.#unsettled.delete(request)
  }

  /** The front server has finished sending. */
  noteEnd(): void {
    for (const request of this.#open.values()) request.noteEnd()
  }

  /** The front server has accepted bytes. */
  noteTaken(): void {
    for (const request of this.#unsettled) request.noteTaken()
  }

  /** Ends all requests without a response, or during one. */
  abandon(reason: Error): void {
    this.#ready = []
    this.#open.clear()
    for (const request of this.#unsettled) request.abandon(reason)
  }
}
