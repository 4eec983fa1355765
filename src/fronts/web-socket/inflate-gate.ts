import type { WebSocket } from 'ws'

import { interceptInflate, type Inflate, type Inflated } from './ws-internals.ts'

interface Waiting {
  readonly data: Buffer
  readonly last: boolean
  readonly done: Inflated
}

/**
 * Holds compressed frames back while reading is paused. One read of Node may contain so many that they would expand to many
 * times the limit of one message.
 */
export class InflateGate {
  /** A waiting frame was given up, so the error that `ws` reports is this one. */
  gaveUp = false
  readonly #inflate: Inflate | undefined
  #open = true
  #waiting: Waiting | undefined

  constructor(webSocket: WebSocket) {
    const gate: Inflate = (data, last, done) => this.#take({ data, last, done })
    this.#inflate = interceptInflate(webSocket, gate)
  }

  set open(open: boolean) {
    this.#open = open
    const waiting = this.#waiting
    if (!open || waiting === undefined) return
    this.#waiting = undefined
    this.#take(waiting)
  }

  /** The connection is closed: nobody will read the waiting frame. */
  giveUp(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    this.#waiting = undefined
    this.gaveUp = true
    waiting.done(new Error('the connection was lost'))
  }

  #take(frame: Waiting): void {
    if (this.#open) this.#inflate?.(frame.data, frame.last, frame.done)
    else this.#waiting = frame
  }
}
