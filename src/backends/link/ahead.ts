import type { Errand } from './errand.ts'
import { isAfter } from './serials.ts'

/** A request that was sent while the thread had another one. */
export interface AheadErrand {
  readonly errand: Errand
  readonly serial: number
}

/** The requests that a thread was sent ahead of their turn, in their order. */
export class Ahead {
  #queue: AheadErrand[] = []

  get length(): number {
    return this.#queue.length
  }

  add(errand: Errand, serial: number): void {
    this.#queue.push({ errand, serial })
  }

  /** Removes the one whose turn has come. */
  shift(): AheadErrand | undefined {
    return this.#queue.shift()
  }

  /** Removes those of the numbers. */
  takeListed(serials: readonly number[]): Errand[] {
    return this.#take((serial) => serials.includes(serial))
  }

  /** Removes those that were made ready after another request. */
  takeAfter(other: number): Errand[] {
    return this.#take((serial) => isAfter(serial, other))
  }

  /** Removes all. */
  takeAll(): Errand[] {
    return this.#take(() => true)
  }

  #take(isTaken: (serial: number) => boolean): Errand[] {
    const taken = this.#queue.filter(({ serial }) => isTaken(serial))
    this.#queue = this.#queue.filter(({ serial }) => !isTaken(serial))
    return taken.map(({ errand }) => errand)
  }
}
