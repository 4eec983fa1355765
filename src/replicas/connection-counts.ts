import { closeSync, ftruncateSync, readSync, writeSync } from 'node:fs'
import type { SystemFfi } from '../native/system-ffi.ts'

/** Most replicas that are counted; those of several generations may run at the same time. */
const PLACES = 256
/** Numbers per replica: open connections (or CLOSED), accepted connections, and its `AVAILABILITY`. */
export const FIELDS = 3
/** Number of open connections of a replica that does not accept. */
export const CLOSED = -1
/** Whether a replica has a free thread; if not, whether it leaves all clients to others. */
export const AVAILABILITY = { free: 0, full: 1, held: 2 } as const
/** Size of the shared memory. */
export const COUNTS_BYTES = PLACES * FIELDS * Int32Array.BYTES_PER_ELEMENT

/** Shared memory with the occupancy of all replicas. The parent makes and clears it. */
export class ConnectionCounts {
  /** Descriptor of the memory, for replicas to inherit. */
  readonly descriptor: number
  readonly #free = Array.from({ length: PLACES }, (_, place) => place)
  #closed = false

  /** Throws if the system has no memory or descriptor for it. */
  constructor(ffi: SystemFfi) {
    this.descriptor = ffi.createMemory('taipan')
    ftruncateSync(this.descriptor, COUNTS_BYTES)
    for (const place of this.#free) this.#clear(place)
  }

  /** A place for a replica; undefined if there is no more room, then the replica is not counted. */
  claim(): number | undefined {
    return this.#free.shift()
  }

  /** The replica in this place has ended. Returns the number of connections that it accepted. */
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
    const fields = Int32Array.of(CLOSED, 0, AVAILABILITY.free)
    writeSync(this.descriptor, fields, 0, fields.byteLength, place * fields.byteLength)
  }
}
