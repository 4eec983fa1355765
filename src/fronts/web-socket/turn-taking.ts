import type { Duplex } from 'node:stream'

import type { FrontSocket } from './front-socket.ts'

/** What Node reads at once at most. */
const FULL_BYTES = 65_536
const MOST_MS = 2

/**
 * Lets others have their turn behind a read that took long. libuv reads up to 32 times in a row from a client that fills
 * its buffer each time: with frames of a few bytes that would be a second or more.
 */
export class TurnTaking {
  /** Reading goes on by itself, soon. */
  waiting = false
  /** Bytes that have arrived. */
  received = 0
  readonly #webSocket: FrontSocket
  readonly #mayResume: () => boolean
  readonly #release = (): void => this.#end()
  #since = 0

  /** Has to be made when `ws` reads from the socket already. */
  constructor(socket: Duplex, webSocket: FrontSocket, mayResume: () => boolean) {
    this.#webSocket = webSocket
    this.#mayResume = mayResume
    socket.prependListener('data', (chunk: Buffer) => {
      this.received += chunk.length
      if (chunk.length >= FULL_BYTES) this.#since = performance.now()
    })
    socket.on('data', (chunk: Buffer) => {
      if (chunk.length >= FULL_BYTES) this.#noteRead()
    })
  }

  #noteRead(): void {
    if (this.waiting || performance.now() - this.#since < MOST_MS) return
    this.waiting = true
    this.#webSocket.pause()
    setImmediate(this.#release)
  }

  #end(): void {
    this.waiting = false
    if (this.#mayResume()) this.#webSocket.resume()
  }
}
