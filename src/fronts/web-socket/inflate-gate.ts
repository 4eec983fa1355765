import type { WebSocket } from 'ws'

import { interceptInflate, type Inflate, type Inflated } from './ws-internals.ts'

interface Waiting {
  readonly data: Buffer
  readonly last: boolean
  readonly done: Inflated
}

/**
 * Lets compressed frames wait as they are while their client is held back: what Node reads at once may hold so many that
 * they would grow to many times what one message may have.
 */
export class InflateGate {
  /** What waited was given up, so the error that `ws` reports is ours. */
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

  /** The connection is gone: nobody asks for what waits any more. */
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
