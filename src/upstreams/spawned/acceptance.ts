import type { ByteStream } from '../../core/byte-stream.ts'
import { connectNet, type ConnectPlace } from '../../streams/net/net-connector.ts'

// Between attempts; the first ones follow each other faster.
const PAUSES = [10, 20, 40, 80, 160]

/**
 * Finds out when a program takes connections: it sees the end of one at once, and closes it. A connection alone proves nothing,
 * because the system makes it before the program accepts it.
 */
export class Acceptance {
  readonly #place: ConnectPlace
  readonly #onAccepted: () => void
  #attempts = 0
  #timer: NodeJS.Timeout | undefined
  #cancel: (() => void) | undefined
  #over = false

  /** Connects to the place again and again, until `stop` or `onAccepted`. */
  constructor(place: ConnectPlace, onAccepted: () => void) {
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
    const connecting = connectNet(this.#place, {
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
    stream.listener = {
      onData: () => {},
      onEnd: () => {
        accepted = true
        stream.destroy()
      },
      onTaken: () => {},
    }
    // A program that ends before it accepts resets the connection.
    stream.onClose(() => {
      if (!accepted) this.#retry()
      else if (!this.#over) this.#onAccepted()
    })
    stream.resume()
    stream.end()
  }
}
