import { closeSync, ftruncateSync, readSync, writeSync } from 'node:fs'
import type { SystemFfi } from '../backends/embedded/system-ffi.ts'

/** Replicas that can be counted; those of several generations may run at the same time. */
const PLACES = 256
/** Numbers in a place: connections that are open, or CLOSED, those that were ever accepted, and the `Room`. */
export const FIELDS = 3
/** Stands for one that accepts no connections. */
export const CLOSED = -1
/** Whether a replica has a free thread, and when not, whether it leaves all clients to those that have. */
export const ROOM = { free: 0, full: 1, held: 2 } as const
/** Size of the memory. */
export const COUNTS_BYTES = PLACES * FIELDS * Int32Array.BYTES_PER_ELEMENT

/** How busy each replica is, in memory that all of them see: here it is made and cleared. */
export class ConnectionCounts {
  /** Of the memory, to be inherited. */
  readonly descriptor: number
  readonly #free = Array.from({ length: PLACES }, (_, place) => place)
  #closed = false

  /** Throws when the system has no memory or descriptor for it. */
  constructor(ffi: SystemFfi) {
    this.descriptor = ffi.createMemory('taipan')
    ftruncateSync(this.descriptor, COUNTS_BYTES)
    for (const place of this.#free) this.#clear(place)
  }

  /** A place for one replica; one for which there is no room gets undefined, and is not counted. */
  claim(): number | undefined {
    return this.#free.shift()
  }

  /** The replica in this place has ended. Returns how many connections it had accepted. */
  release(place: number | undefined): number {
    if (place === undefined || this.#closed) return 0
    const fields = new Int32Array(FIELDS)
    readSync(this.descriptor, fields, 0, fields.byteLength, place * fields.byteLength)
    this.#clear(place)
    this.#free.unshift(place)
    return fields[1] ?? 0
  }

  close(): void {
    if (!this.#closed) closeSync(this.descriptor)
    this.#closed = true
  }

  #clear(place: number): void {
    const fields = Int32Array.of(CLOSED, 0, ROOM.free)
    writeSync(this.descriptor, fields, 0, fields.byteLength, place * fields.byteLength)
  }
}
