import type { Duplex } from 'node:stream'

import type { FrontSocket } from './front-socket.ts'

/** The most that Node reads at once. */
const FULL_BYTES = 65_536
const MOST_MS = 2

/**
 * Pauses a WebSocket after a read that took long, so that other connections are served. libuv reads up to 32 times in a row
 * from a client that fills its buffer, which may take a second with small frames.
 */
export class TurnTaking {
  /** Reading is paused and resumes soon by itself. */
  waiting = false
  /** Bytes received. */
  received = 0
  readonly #webSocket: FrontSocket
  readonly #mayResume: () => boolean
  readonly #release = (): void => this.#end()
  #since = 0

  /** Must be made after `ws` has begun to read from the socket. */
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
