import type { ByteStream } from '../../core/byte-stream.ts'
import { connectNet } from '../../streams/net/net-connector.ts'
import type { ProgramPlace } from './program-place.ts'

// Between attempts; the first ones follow each other faster.
const PAUSES = [10, 20, 40, 80, 160]
// Some servers keep a connection that ended without a request until it is idle for too long.
const KEPT_MS = 1000

/**
 * Finds out when a program takes connections: it sees the end of one at once, and closes it. A connection alone proves nothing,
 * because the system makes it before the program accepts it; only where the program itself listens a kept one is enough.
 */
export class Acceptance {
  readonly #place: ProgramPlace
  readonly #onAccepted: () => void
  #attempts = 0
  #timer: NodeJS.Timeout | undefined
  #cancel: (() => void) | undefined
  #over = false

  /** Connects to the place again and again, until `stop` or `onAccepted`. */
  constructor(place: ProgramPlace, onAccepted: () => void) {
    this.#place = place
    this.#onAccepted = onAccepted
    this.#try()
  }

  stop(): void {
    this.#over = true
    clearTimeout(this.#timer)
    this.#cancel?.()
  }

  #try(): void {
    const connecting = connectNet(this.#place.address, {
      onFailed: () => this.#retry(),
      onConnected: (stream) => this.#watch(stream),
    })
    this.#cancel = () => connecting.cancel()
  }

  #retry(): void {
    if (this.#over) return
    const pause = PAUSES[Math.min(this.#attempts++, PAUSES.length - 1)]
    this.#timer = setTimeout(() => this.#try(), pause)
  }

  #watch(stream: ByteStream): void {
    let accepted = false
    this.#cancel = () => stream.destroy()
    const accept = (): void => {
      accepted = true
      stream.destroy()
    }
    stream.listener = { onData: () => {}, onEnd: accept, onTaken: () => {} }
    if (this.#place.descriptor === undefined) this.#timer = setTimeout(accept, KEPT_MS)
    // A program that ends before it accepts resets the connection.
    stream.onClose(() => {
      clearTimeout(this.#timer)
      if (!accepted) this.#retry()
      else if (!this.#over) this.#onAccepted()
    })
    stream.resume()
    stream.end()
  }
}
