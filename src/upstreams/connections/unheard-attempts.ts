/** An attempt on a new connection. */
interface NewAttempt {
  /** Bytes have arrived for it. */
  readonly heard: boolean
}

/** A new connection that gets no answer for so long may not have been accepted. */
const STARVING_MS = 20

// Routes with different settings have clients of their own for the same server.
const byAddress = new Map<string, Set<UnheardAttempts>>()

/** Attempts of a client on new connections that the other side may not have accepted. */
export class UnheardAttempts {
  readonly #address: string
  /** With their beginnings. */
  readonly #attempts = new Map<NewAttempt, number>()

  /** `address` is what the connections are to. */
  constructor(address: string) {
    this.#address = address
  }

  /** It begins now. */
  add(attempt: NewAttempt): void {
    this.#attempts.set(attempt, performance.now())
    const clients = byAddress.get(this.#address) ?? new Set()
    byAddress.set(this.#address, clients.add(this))
  }

  /** It is over. */
  delete(attempt: NewAttempt): void {
    if (!this.#attempts.delete(attempt) || this.#attempts.size > 0) return
    const clients = byAddress.get(this.#address)
    clients?.delete(this)
    if (clients?.size === 0) byAddress.delete(this.#address)
  }

  /** How many of this process, by all clients of the address, may wait for a kept connection to be closed. */
  countStarving(now: number): number {
    let count = 0
    for (const client of byAddress.get(this.#address) ?? []) count += client.#countOwn(now)
    return count
  }

  #countOwn(now: number): number {
    let count = 0
    for (const [{ heard }, since] of this.#attempts)
      if (!heard && now - since > STARVING_MS) count += 1
    return count
  }
}
