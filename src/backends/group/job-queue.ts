import type { Invocation } from '../../core/upstream.ts'
import type { PendingRequest } from '../link/pending-request.ts'

/** A request that waits for a thread or an event loop. */
export interface Job extends PendingRequest {
  /** Position in the order of arrival, over all queues. */
  readonly sequence: number
  /** `performance.now()` when it began to wait. */
  readonly since: number
}

/** Waiting requests for one application and interface, first in, first out. */
export class JobQueue {
  readonly application: number
  /** The interface that the requests ask for; undefined: the detected one. */
  readonly called: Invocation['interface']
  #jobs: Job[] = []
  #first = 0

  constructor(application: number, called?: Invocation['interface']) {
    this.application = application
    this.called = called
  }

  get length(): number {
    return this.#jobs.length - this.#first
  }

  push(job: Job): void {
    this.#jobs.push(job)
  }

  /** Adds a request at the front. */
  unshift(job: Job): void {
    this.#compact()
    this.#jobs.unshift(job)
  }

  /** The oldest request whose client is still connected. */
  peek(): Job | undefined {
    let job = this.#jobs[this.#first]
    while (job?.exchange.response.finished) {
      this.shift()
      job = this.#jobs[this.#first]
    }
    return job
  }

  shift(): Job | undefined {
    const job = this.#jobs[this.#first]
    if (job === undefined) return undefined
    this.#first++
    if (this.#first > 64 && this.#first * 2 > this.#jobs.length) this.#compact()
    return job
  }

  /** Removes and returns the requests for which `unwanted` is true. */
  extract(unwanted: (job: Job) => boolean): Job[] {
    const removed: Job[] = []
    const kept: Job[] = []
    for (const job of this.#jobs.slice(this.#first)) (unwanted(job) ? removed : kept).push(job)
    this.#jobs = kept
    this.#first = 0
    return removed
  }

  #compact(): void {
    this.#jobs = this.#jobs.slice(this.#first)
    this.#first = 0
  }
}
