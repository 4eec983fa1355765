import type { WebSocket } from 'ws'

type Done = (error: Error | null, data?: Buffer) => void
type Decompress = (data: Buffer, last: boolean, done: Done) => void

interface Waiting {
  readonly data: Buffer
  readonly last: boolean
  readonly done: Done
}

const EXTENSION = 'permessage-deflate'

/**
 * Lets compressed frames wait as they are while their client is held back: what Node reads at once may hold so many that
 * they would grow to many times what one message may have.
 */
export class InflateGate {
  /** What waited was given up, so the error that `ws` reports is ours. */
  gaveUp = false
  readonly #decompress: Decompress | undefined
  #open = true
  #waiting: Waiting | undefined

  constructor(webSocket: WebSocket) {
    // `ws` has no option for it, and waits for the callback before it looks at the next frame.
    const extensions: unknown = Reflect.get(webSocket, '_extensions')
    const deflate: unknown = Object(extensions)[EXTENSION]
    if (!isInflater(deflate)) return
    this.#decompress = deflate.decompress.bind(deflate)
    deflate.decompress = (data, last, done) => this.#take({ data, last, done })
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
    if (this.#open) this.#decompress?.(frame.data, frame.last, frame.done)
    else this.#waiting = frame
  }
}

function isInflater(value: unknown): value is { decompress: Decompress } {
  return typeof value === 'object' && value !== null && 'decompress' in value
}
