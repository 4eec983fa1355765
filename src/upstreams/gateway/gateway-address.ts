import type { AddressClient } from './address-client.ts'

/** How long an address gets no requests after its first failure; twice as long after each further one. */
const EJECTION_MS = 1000
const LONGEST_EJECTION_MS = 30_000

/** An address of a gateway, with what is known of it. */
export class GatewayAddress {
  /** As it is called in the log. */
  readonly name: string
  readonly client: AddressClient
  /** Requests in its hands. */
  active = 0
  #failures = 0
  #ejectedUntil = 0

  constructor(name: string, client: AddressClient) {
    this.name = name
    this.client = client
  }

  get hasRoom(): boolean {
    return this.active < this.client.slots
  }

  /** It has failed lately, and is spared. */
  isEjected(now: number): boolean {
    return this.#failures > 0 && now < this.#ejectedUntil
  }

  /** It could not be connected, or its connection broke. Returns for how many ms it is spared. */
  noteFailure(now: number): number {
    // Requests that fail together are one failure.
    if (this.isEjected(now)) return this.#ejectedUntil - now
    const time = Math.min(LONGEST_EJECTION_MS, EJECTION_MS * 2 ** this.#failures)
    this.#failures = Math.min(this.#failures + 1, 16)
    this.#ejectedUntil = now + time
    return time
  }

  noteSuccess(): void {
    this.#failures = 0
  }
}
