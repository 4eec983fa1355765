import type { PendingRequest } from './pending-request.ts'
import { isAfter } from './serials.ts'

/** A request that was sent to a thread that was busy. */
export interface PipelinedRequest {
  readonly request: PendingRequest
  readonly serial: number
}

/** Requests that were sent to a thread before their turn, in order. */
export class Pipelined {
  #queue: PipelinedRequest[] = []

  get length(): number {
    return this.#queue.length
  }

  add(request: PendingRequest, serial: number): void {
    this.#queue.push({ request, serial })
  }

  /** Removes the next one. */
  shift(): PipelinedRequest | undefined {
    return this.#queue.shift()
  }

  /** Removes those with the given serial numbers. */
  takeListed(serials: readonly number[]): PendingRequest[] {
    return this.#take((serial) => serials.includes(serial))
  }

  /** Removes those that were prepared after another request. */
  takeAfter(other: number): PendingRequest[] {
    return this.#take((serial) => isAfter(serial, other))
  }

  /** Removes all. */
  takeAll(): PendingRequest[] {
    return this.#take(() => true)
  }

  #take(isTaken: (serial: number) => boolean): PendingRequest[] {
    const taken = this.#queue.filter(({ serial }) => isTaken(serial))
    this.#queue = this.#queue.filter(({ serial }) => !isTaken(serial))
    return taken.map(({ request }) => request)
  }
}
