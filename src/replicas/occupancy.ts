import type { ByteStream } from '../core/byte-stream.ts'
import { COUNTS_BYTES, CLOSED, FIELDS, AVAILABILITY } from './connection-counts.ts'

// A replica may have one and a half times as many connections as the one with the fewest.
const FAIR_SHARE = 1.5
// Most pauses in a row, and the interval after which another one is allowed.
const MOST_PAUSES = 6
const PAUSE_EVERY_MS = 50
// If all threads have been busy for so long without finishing a request, requests are long: then clients are left to
// other replicas with a free thread.
const HOLD_MS = 10
// The same if no other replica has a free thread. Until then a held replica stays held.
const FULL_MS = 100
// A client sends its first request at once, as a rule; one that has been silent for so long needs no thread yet.
const SILENT_MS = 50

/** A connection, as it is counted. */
export type CountedStream = Pick<ByteStream, 'closed' | 'silent' | 'onClose'>

/** A connection whose client has not sent anything yet. */
interface Expected {
  readonly stream: CountedStream
  readonly since: number
}

/** Parts of an occupancy. */
export interface LoadOptions {
  /** Memory of the connection counts. */
  readonly memory: ArrayBuffer
  /** Place in the counts; undefined: not counted, and never compared. */
  readonly place: number | undefined
  /** The other replicas must call `compare`. */
  readonly onChange: () => void
  /** Number of requests that could begin now; `Infinity` if threads do not limit it. */
  readonly countIdle: () => number
}

/** How busy this replica is, published to the others, and whether it should leave the next client to them. */
export class Occupancy {
  readonly #all: Int32Array
  readonly #own: number
  readonly #onChange: () => void
  readonly #countIdle: () => number
  readonly #heldListeners: (() => void)[] = []
  #open = 0
  #taken = 0
  #pauses = MOST_PAUSES
  #earnedAt = 0
  #full = false
  /** Number of calls of `setFull`. */
  #changes = 0
  #timer: NodeJS.Timeout | undefined
  /** Those that were accepted last, while a thread was free. */
  #expected: Expected[] = []
  #silence: NodeJS.Timeout | undefined

  constructor({ memory, place, onChange, countIdle }: LoadOptions) {
    this.#all = new Int32Array(memory, 0, COUNTS_BYTES / Int32Array.BYTES_PER_ELEMENT)
    this.#own = place === undefined ? -1 : place * FIELDS
    this.#onChange = onChange
    this.#countIdle = countIdle
  }

  /** No thread is free here, but one is elsewhere: this replica must not accept. */
  get held(): boolean {
    return this.#availability === AVAILABILITY.held
  }

  /** `listener` is called when `held` has changed. */
  onHeld(listener: () => void): void {
    this.#heldListeners.push(listener)
  }

  /** Publishes whether this replica accepts connections. */
  announce(accepts: boolean): void {
    if (this.#own < 0) return
    const accepted = this.#accepts
    this.#write(accepts ? this.#open : CLOSED)
    this.#settle(accepted)
  }

  /**
   * Counts a connection until it closes, and as a busy thread until its first request has come: the next client of a burst
   * would be accepted before that.
   */
  enter(stream: CountedStream): void {
    this.#taken += 1
    this.#change(1)
    stream.onClose(() => this.#change(-1))
    if (this.#own >= 0 && !this.#full) this.#expect(stream)
  }

  /**
   * Sets whether no thread is free; also called when a request ends without freeing a thread. A full replica is held at once
   * only so often, otherwise after a while without a finished request, because requests may be short and many.
   */
  setFull(full: boolean): void {
    const before = this.#full
    this.#full = full
    this.#changes += 1
    if (this.#own < 0 || (before && full)) return
    if (!full) {
      if (this.#availability !== AVAILABILITY.free) this.#settle()
    } else if (this.#mayPause() && this.#isFreeElsewhere()) {
      this.#pauses -= 1
      this.#settle()
    } else if (this.#timer === undefined) this.#waitWhileFull()
  }

  /** The first request of a client has come, or another replica has changed whether it has free threads, or whether it accepts. */
  compare(): void {
    if (this.#own >= 0 && this.#availability !== AVAILABILITY.free) this.#settle()
  }

  /**
   * Whether the next client should be left to other replicas. True only so often, because a pause has a cost and the others
   * may not accept.
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

  #expect(stream: CountedStream): void {
    if (this.#countIdle() === Infinity || !this.#mayPause()) return
    this.#expected.push({ stream, since: performance.now() })
    if (!this.#isBusy() || !this.#isFreeElsewhere()) return
    this.#pauses -= 1
    this.#settle()
  }

  /** No thread is free for another client. */
  #isBusy(): boolean {
    if (this.#full) return true
    const idle = this.#countIdle()
    if (this.#expected.length < idle) return false
    const oldest = performance.now() - SILENT_MS
    this.#expected = this.#expected.filter(
      ({ stream, since }) => stream.silent && !stream.closed && since > oldest,
    )
    return this.#expected.length >= idle
  }

  #waitWhileFull(): void {
    const before = this.#changes
    const decide = (): void => {
      this.#timer = undefined
      if (!this.#full) return
      if (this.#changes === before) this.#settle()
      else this.#waitWhileFull()
    }
    // Lets a process that was not scheduled read finished requests first.
    const wait = (): unknown => setImmediate(decide)
    this.#timer = setTimeout(wait, this.#isFreeElsewhere() ? HOLD_MS : FULL_MS).unref()
  }

  /** Decides whether this replica is held, and tells the others if they must react. */
  #settle(accepted = this.#accepts): void {
    const before = this.#availability
    if (!this.#accepts || !this.#isBusy()) this.#setAvailability(AVAILABILITY.free)
    else {
      this.#setAvailability(this.#isFreeElsewhere() ? AVAILABILITY.held : AVAILABILITY.full)
      // Another replica may have become full meanwhile, without seeing that this one is held.
      if (this.held && !this.#isFreeElsewhere()) this.#setAvailability(AVAILABILITY.full)
    }
    // A silent connection must not hold it for longer.
    const isExpecting = this.#availability !== AVAILABILITY.free && !this.#full
    if (isExpecting && this.#silence === undefined) this.#awaitSilence()
    if (this.held !== (before === AVAILABILITY.held))
      for (const listener of this.#heldListeners) listener()
    const wasFree = accepted && before === AVAILABILITY.free
    const free = this.#accepts && this.#availability === AVAILABILITY.free
    if (free !== wasFree && this.#concerns(free)) this.#onChange()
  }

  #awaitSilence(): void {
    const end = (): void => {
      this.#silence = undefined
      this.compare()
    }
    // Lets a process that was not scheduled read first what clients have sent meanwhile.
    this.#silence = setTimeout(() => setImmediate(end), SILENT_MS).unref()
  }

  /** Whether others must react: full replicas if one becomes free, held ones if none is free any more. */
  #concerns(free: boolean): boolean {
    if (free) return this.#isElsewhere(AVAILABILITY.full)
    return this.#isElsewhere(AVAILABILITY.held) && !this.#isFreeElsewhere()
  }

  #least(): number {
    let least = this.#open
    for (let at = 0; at < this.#all.length; at += FIELDS) {
      const open = this.#all[at] ?? CLOSED
      if (open !== CLOSED && open < least && this.#all[at + 2] === AVAILABILITY.free) least = open
    }
    return least
  }

  #isFreeElsewhere(): boolean {
    return this.#isElsewhere(AVAILABILITY.free)
  }

  #isElsewhere(availability: number): boolean {
    for (let at = 0; at < this.#all.length; at += FIELDS)
      if (at !== this.#own && Atomics.load(this.#all, at) !== CLOSED)
        if (Atomics.load(this.#all, at + 2) === availability) return true
    return false
  }

  get #accepts(): boolean {
    return this.#all[this.#own] !== CLOSED
  }

  get #availability(): number {
    return this.#own < 0 ? AVAILABILITY.free : (this.#all[this.#own + 2] ?? AVAILABILITY.free)
  }

  /** Atomic, because each replica writes its own before reading those of the others. */
  #setAvailability(availability: number): void {
    Atomics.store(this.#all, this.#own + 2, availability)
  }

  #change(by: number): void {
    this.#open += by
    // Stays CLOSED after the listener was closed.
    if (this.#own >= 0 && this.#accepts) this.#write(this.#open)
  }

  #write(open: number): void {
    Atomics.store(this.#all, this.#own, open)
    this.#all[this.#own + 1] = this.#taken
  }
}
