import type { ExchangeNotes } from '../../core/exchange.ts'

/** Adds up the times of the requests of a group, in ms. */
export class SpentTimes {
  /** Requests that were handed over and are over. */
  count = 0
  /** From arrival to hand-over. */
  queued = 0
  /** From hand-over to the end of the answer. */
  python = 0

  /** A request is over. */
  add({ queued, python }: ExchangeNotes): void {
    this.count += 1
    this.queued += queued
    this.python += python
  }
}
