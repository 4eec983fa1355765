import { createBalancer, type Balancer } from './balance.ts'
import type { GatewayAddress } from './gateway-address.ts'
import type { GatewayJob } from './gateway-job.ts'
import type { Balance } from './gateway-options.ts'

/** The addresses of a gateway; they may change while it runs. */
export class AddressSet {
  readonly #balance: Balancer
  #all: readonly GatewayAddress[] = []

  constructor(balance: Balance) {
    this.#balance = createBalancer(balance)
  }

  get all(): readonly GatewayAddress[] {
    return this.#all
  }

  add(address: GatewayAddress): void {
    this.#all = [...this.#all, address]
  }

  remove(address: GatewayAddress): void {
    this.#all = this.#all.filter((one) => one !== address)
  }

  /** Whether an address is left that the request was not sent to. */
  hasAnother(job: GatewayJob): boolean {
    return this.#all.some((address) => !job.tried.includes(address))
  }

  /** The address for a request; undefined if it has to wait. */
  choose(job: GatewayJob, now: number): GatewayAddress | undefined {
    const all = this.#all
    const [only] = all
    if (only === undefined) return undefined
    if (all.length === 1) return only.hasRoom && !job.tried.includes(only) ? only : undefined
    const untried =
      job.tried.length === 0 ? all : all.filter((address) => !job.tried.includes(address))
    const good = untried.filter((address) => !address.isEjected(now))
    // All may have failed in turn and live again.
    const candidates = good.length > 0 ? good : untried
    return candidates.length === 0 ? undefined : this.#balance(candidates, job.exchange)
  }
}
