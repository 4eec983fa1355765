import type { Exchange } from '../../core/exchange.ts'

/** Bounds for response bytes that are held so that slow clients do not hold Python threads. */
export interface HeldLimits {
  readonly response: number
  readonly responseTotal: number
}

/** Counts the response bytes that slow clients of one backend have not taken yet. */
export class HeldResponses {
  readonly #limits: HeldLimits
  readonly #slow = new Set<Exchange>()

  constructor(limits: HeldLimits) {
    this.#limits = limits
  }

  /** Whether more of this response may be read from Python although its client does not keep up. */
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
