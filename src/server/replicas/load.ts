import type { Socket } from 'node:net'
import { BOARD_BYTES, CLOSED, FIELDS } from './load-board.ts'

// One may have half as many more than the idlest, and one.
const FAIR_SHARE = 1.5
// Pauses in a row, and how soon there can be one more.
const MOST_PAUSES = 6
const PAUSE_EVERY_MS = 50

/** How busy this replica is, told to the others, and whether it should let them have the next client. */
export class Load {
  readonly #all: Int32Array
  readonly #own: number
  #open = 0
  #taken = 0
  #pauses = MOST_PAUSES
  #earnedAt = 0

  /** `memory` is that of the board. Without a place, nothing is told and nothing compared. */
  constructor(memory: ArrayBuffer, place: number | undefined) {
    this.#all = new Int32Array(memory, 0, BOARD_BYTES / Int32Array.BYTES_PER_ELEMENT)
    this.#own = place === undefined ? -1 : place * FIELDS
  }

  /** The others may leave clients to this one, from now on or no more. */
  announce(accepts: boolean): void {
    this.#write(accepts ? this.#open : CLOSED)
  }

  /** Counts a connection until it closes. */
  enter(socket: Socket): void {
    this.#taken += 1
    this.#change(1)
    socket.once('close', () => this.#change(-1))
  }

  /**
   * Whether the others should have the next client. That is true only so often: a pause costs something, and nobody
   * knows whether they can take one.
   */
  yields(): boolean {
    if (this.#own < 0 || this.#open <= this.#least() * FAIR_SHARE) return false
    const now = performance.now()
    const earned = Math.floor((now - this.#earnedAt) / PAUSE_EVERY_MS)
    if (earned > 0) {
      this.#pauses = Math.min(MOST_PAUSES, this.#pauses + earned)
      this.#earnedAt = now
    }
    if (this.#pauses === 0) return false
    this.#pauses -= 1
    return true
  }

  #least(): number {
    let least = this.#open
    for (let at = 0; at < this.#all.length; at += FIELDS) {
      const open = this.#all[at] ?? CLOSED
      if (open !== CLOSED && open < least) least = open
    }
    return least
  }

  #change(by: number): void {
    this.#open += by
    // A door that is closed stays so.
    if (this.#own >= 0 && this.#all[this.#own] !== CLOSED) this.#write(this.#open)
  }

  #write(open: number): void {
    if (this.#own < 0) return
    this.#all[this.#own] = open
    this.#all[this.#own + 1] = this.#taken
  }
}
