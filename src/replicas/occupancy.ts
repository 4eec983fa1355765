import type { ByteStream } from '../core/byte-stream.ts'
import { COUNTS_BYTES, CLOSED, FIELDS, ROOM } from './connection-counts.ts'

// One may have half as many more than the idlest, and one.
const FAIR_SHARE = 1.5
// Pauses in a row, and how soon there can be one more.
const MOST_PAUSES = 6
const PAUSE_EVERY_MS = 50
// Threads that have all been busy for so long, and have finished nothing, have long requests: then clients are left to
// others that have a free thread.
const HOLD_MS = 10
// The same when no other has one. Until then those that are held stay so.
const FULL_MS = 100

/** What an occupancy is told and compared by. */
export interface LoadOptions {
  /** That of the counts of all replicas. */
  readonly memory: ArrayBuffer
  /** Among the counts; without one, nothing is told and nothing compared. */
  readonly place: number | undefined
  /** The others must `compare`. */
  readonly onChange: () => void
}

/** How busy this replica is, told to the others, and whether it should let them have the next client. */
export class Occupancy {
  readonly #all: Int32Array
  readonly #own: number
  readonly #onChange: () => void
  readonly #heldListeners: (() => void)[] = []
  #open = 0
  #taken = 0
  #pauses = MOST_PAUSES
  #earnedAt = 0
  #full = false
  /** How often `setFull` was called. */
  #changes = 0
  #timer: NodeJS.Timeout | undefined

  constructor({ memory, place, onChange }: LoadOptions) {
    this.#all = new Int32Array(memory, 0, COUNTS_BYTES / Int32Array.BYTES_PER_ELEMENT)
    this.#own = place === undefined ? -1 : place * FIELDS
    this.#onChange = onChange
  }

  /** No thread is free here, and one is elsewhere: this replica must accept nobody. */
  get held(): boolean {
    return this.#room === ROOM.held
  }

  /** Calls back when `held` has changed. */
  onHeld(listener: () => void): void {
    this.#heldListeners.push(listener)
  }

  /** The others may leave clients to this one, from now on or no more. */
  announce(accepts: boolean): void {
    if (this.#own < 0) return
    const accepted = this.#accepts
    this.#write(accepts ? this.#open : CLOSED)
    this.#settle(accepted)
  }

  /** Counts a connection until it closes. */
  enter(stream: Pick<ByteStream, 'onClose'>): void {
    this.#taken += 1
    this.#change(1)
    stream.onClose(() => this.#change(-1))
  }

  /**
   * No thread is free any more, though one may have finished a request, or one is. Clients are left to one that has a
   * free thread at once only so often, else when this has lasted: requests may be short and many.
   */
  setFull(full: boolean): void {
    const before = this.#full
    this.#full = full
    this.#changes += 1
    if (this.#own < 0 || (before && full)) return
    if (!full) {
      if (this.#room !== ROOM.free) this.#settle()
    } else if (this.#mayPause() && this.#isFreeElsewhere()) {
      this.#pauses -= 1
      this.#settle()
    } else if (this.#timer === undefined) this.#waitWhileFull()
  }

  /** Another one has begun or ceased to have free threads, or to accept. */
  compare(): void {
    if (this.#own >= 0 && this.#room !== ROOM.free) this.#settle()
  }

  /**
   * Whether the others should have the next client. That is true only so often: a pause costs something, and nobody
   * knows whether they can take one.
   */
  yields(): boolean {
    if (this.#own < 0 || this.#open <= this.#least() * FAIR_SHARE || !this.#mayPause()) return false
    this.#pauses -= 1
    return true
  }

  #mayPause(): boolean {
    const now = performance.now()
    const earned = Math.floor((now - this.#earnedAt) / PAUSE_EVERY_MS)
    if (earned > 0) {
      this.#pauses = Math.min(MOST_PAUSES, this.#pauses + earned)
      this.#earnedAt = now
    }
    return this.#pauses > 0
  }

  #waitWhileFull(): void {
    const before = this.#changes
    const decide = (): void => {
      this.#timer = undefined
      if (!this.#full) return
      if (this.#changes === before) this.#settle()
      else this.#waitWhileFull()
    }
    // A process that the system let wait first has to read what was finished meanwhile.
    const wait = (): unknown => setImmediate(decide)
    this.#timer = setTimeout(wait, this.#isFreeElsewhere() ? HOLD_MS : FULL_MS).unref()
  }

  /** Decides anew whether to be held, and tells the others if that is for them to know. */
  #settle(accepted = this.#accepts): void {
    const before = this.#room
    if (!this.#full || !this.#accepts) this.#setRoom(ROOM.free)
    else {
      this.#setRoom(this.#isFreeElsewhere() ? ROOM.held : ROOM.full)
      // One that became full meanwhile has not seen that this one is held.
      if (this.held && !this.#isFreeElsewhere()) this.#setRoom(ROOM.full)
    }
    if (this.held !== (before === ROOM.held)) for (const listener of this.#heldListeners) listener()
    const wasFree = accepted && before === ROOM.free
    const free = this.#accepts && this.#room === ROOM.free
    if (free !== wasFree && this.#concerns(free)) this.#onChange()
  }

  /** Those that are full accept until one is free; those that are held, once none is. */
  #concerns(free: boolean): boolean {
    if (free) return this.#isElsewhere(ROOM.full)
    return this.#isElsewhere(ROOM.held) && !this.#isFreeElsewhere()
  }

  #least(): number {
    let least = this.#open
    for (let at = 0; at < this.#all.length; at += FIELDS) {
      const open = this.#all[at] ?? CLOSED
      if (open !== CLOSED && open < least && this.#all[at + 2] === ROOM.free) least = open
    }
    return least
  }

  #isFreeElsewhere(): boolean {
    return this.#isElsewhere(ROOM.free)
  }

  #isElsewhere(room: number): boolean {
    for (let at = 0; at < this.#all.length; at += FIELDS)
      if (at !== this.#own && Atomics.load(this.#all, at) !== CLOSED)
        if (Atomics.load(this.#all, at + 2) === room) return true
    return false
  }

  get #accepts(): boolean {
    return this.#all[this.#own] !== CLOSED
  }

  get #room(): number {
    return this.#own < 0 ? ROOM.free : (this.#all[this.#own + 2] ?? ROOM.free)
  }

  /** The order of writing this and reading the others counts. */
  #setRoom(room: number): void {
    Atomics.store(this.#all, this.#own + 2, room)
  }

  #change(by: number): void {
    this.#open += by
    // A listener that is closed stays so.
    if (this.#own >= 0 && this.#accepts) this.#write(this.#open)
  }

  #write(open: number): void {
    Atomics.store(this.#all, this.#own, open)
    this.#all[this.#own + 1] = this.#taken
  }
}
