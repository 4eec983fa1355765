import type { AddressClient } from './address-client.ts'

/** How long an address gets no requests after its first failure; twice as long after each further one. */
const EJECTION_MS = 1000
const LONGEST_EJECTION_MS = 30_000

/** An address of a gateway, with what is known of it. */
export class GatewayAddress {
  /** As it is called in the log. */
  readonly name: string
  readonly client: AddressClient
  #active = 0
  #answered = 0
  readonly #onIdle: (() => void)[] = []
  /** As health checks have found it. */
  healthy = true
  #failures = 0
  #ejectedUntil = 0

  constructor(name: string, client: AddressClient) {
    this.name = name
    this.client = client
  }

  /** Requests in its hands. */
  get active(): number {
    return this.#active
  }

  /** Requests that it has answered so far. */
  get answered(): number {
    return this.#answered
  }

  get hasRoom(): boolean {
    return this.#active < this.client.slots
  }

  /** It gets a request. */
  begin(): void {
    this.#active += 1
  }

  /** It has a request no more. */
  end(): void {
    this.#active -= 1
    if (this.#active === 0) for (const tell of this.#onIdle.splice(0)) tell()
  }

  /** Resolves when it has no requests. */
  drained(): Promise<void> {
    if (this.#active === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onIdle.push(resolve)
    })
  }

  /** It has failed lately or is not healthy, and is spared. */
  isEjected(now: number): boolean {
    return !this.healthy || this.#isSpared(now)
  }

  /** It could not be connected, or its connection broke: it is spared for a while. */
  noteFailure(now: number): void {
    // Requests that fail together are one failure.
    if (this.#isSpared(now)) return
    const time = Math.min(LONGEST_EJECTION_MS, EJECTION_MS * 2 ** this.#failures)
    this.#failures = Math.min(this.#failures + 1, 16)
    this.#ejectedUntil = now + time
  }

  noteSuccess(): void {
    this.#answered += 1
    this.#failures = 0
  }

  #isSpared(now: number): boolean {
    return this.#failures > 0 && now < this.#ejectedUntil
  }
}
