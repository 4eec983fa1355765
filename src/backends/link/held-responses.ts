import type { Exchange } from '../../core/exchange.ts'

/** Limits for response bytes held in memory for slow clients, so that they do not occupy Python threads. */
export interface HeldLimits {
  readonly response: number
  readonly responseTotal: number
}

/** Counts the response bytes of one backend that slow clients have not accepted yet. */
export class HeldResponses {
  readonly #limits: HeldLimits
  readonly #slow = new Set<Exchange>()

  constructor(limits: HeldLimits) {
    this.#limits = limits
  }

  /** Whether more of this response may be read from Python although its client is slow. */
  allows(exchange: Exchange): boolean {
    if (!this.#slow.has(exchange)) {
      this.#slow.add(exchange)
      exchange.onFinish(() => this.#slow.delete(exchange))
    }
    if (exchange.response.pending >= this.#limits.response) return false
    return this.#total() < this.#limits.responseTotal
  }

  #total(): number {
    let total = 0
    for (const exchange of this.#slow) total += exchange.response.pending
    return total
  }
}
