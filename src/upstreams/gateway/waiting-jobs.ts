import type { GatewayAddress } from './gateway-address.ts'
import type { GatewayJob } from './gateway-job.ts'

/** What a queue needs. */
export interface WaitingOptions {
  /** Most jobs. */
  readonly limit: number
  /** Longest wait in ms; 0: no limit. */
  readonly timeout: number
  /** The address for a job; undefined if it has to wait. */
  readonly choose: (job: GatewayJob, now: number) => GatewayAddress | undefined
  readonly send: (job: GatewayJob, address: GatewayAddress) => void
  /** Jobs do not all wait for the same addresses. */
  readonly arePicky: boolean
}

/** Jobs that wait for an address, in the order of their arrival. */
export class WaitingJobs {
  readonly #options: WaitingOptions
  #jobs: GatewayJob[] = []

  constructor(options: WaitingOptions) {
    this.#options = options
  }

  get length(): number {
    return this.#jobs.length
  }

  get all(): readonly GatewayJob[] {
    return this.#jobs
  }

  /** Takes a job; false if there is no room. */
  add(job: GatewayJob): boolean {
    const { limit } = this.#options
    if (this.#jobs.length >= limit) this.#removeGone()
    if (this.#jobs.length >= limit) return false
    this.#jobs.push(job)
    return true
  }

  /** Takes a job that was sent in vain; it goes before the others. */
  addFirst(job: GatewayJob): void {
    this.#jobs.unshift(job)
  }

  /** Removes all. */
  takeAll(): readonly GatewayJob[] {
    return this.#jobs.splice(0)
  }

  /** Removes those that have waited for too long. */
  takeLate(now: number): readonly GatewayJob[] {
    this.#removeGone()
    const { timeout } = this.#options
    const isLate = ({ since }: GatewayJob): boolean => timeout > 0 && now - since > timeout
    const late = this.#jobs.filter(isLate)
    if (late.length > 0) this.#jobs = this.#jobs.filter((job) => !isLate(job))
    return late
  }

  /** Gives jobs to addresses that have room. */
  fill(): void {
    const { choose, send, arePicky } = this.#options
    const now = this.#jobs.length === 0 ? 0 : performance.now()
    for (let at = 0; at < this.#jobs.length;) {
      const job = this.#jobs[at]
      if (job === undefined) break
      const gone = job.exchange.response.finished
      const address = gone ? undefined : choose(job, now)
      if (gone || address !== undefined) this.#jobs.splice(at, 1)
      // Another one may be for another address.
      else if (arePicky || job.tried.length > 0) at += 1
      else break
      if (address !== undefined) send(job, address)
    }
  }

  #removeGone(): void {
    this.#jobs = this.#jobs.filter(({ exchange }) => !exchange.response.finished)
  }
}
