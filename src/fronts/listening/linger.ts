import type { ByteStream } from '../../core/byte-stream.ts'

/** How much a client may still send after its last answer. Durations in ms. */
export interface LingerLimits {
  readonly bytes: number
  readonly total: number
  /** Without a byte from the client. */
  readonly quiet: number
}

const LINGER: LingerLimits = { bytes: 64 * 1024 * 1024, total: 30_000, quiet: 5000 }
const HASTE_MS = 250

/** Ends our side and waits for the client's end: closing while it still sends would reset the connection, and the reset overtakes the answer. */
export class Linger {
  readonly #stream: ByteStream
  readonly #most: number
  readonly #limit: NodeJS.Timeout
  #quiet: NodeJS.Timeout
  #bytes = 0

  constructor(stream: ByteStream, limits: LingerLimits = LINGER) {
    this.#stream = stream
    this.#most = limits.bytes
    const giveUp = (): void => this.#giveUp()
    this.#limit = setTimeout(giveUp, limits.total).unref()
    this.#quiet = setTimeout(giveUp, limits.quiet).unref()
    stream.onClose(() => this.#clear())
    stream.resume()
    stream.end()
  }

  /** The client has sent so many more bytes, which nobody reads. */
  noteReceived(bytes: number): void {
    this.#bytes += bytes
    this.#quiet.refresh()
    if (this.#bytes > this.#most) this.#giveUp()
  }

  /** Waits only a little longer: the server is stopping. */
  hasten(): void {
    clearTimeout(this.#quiet)
    this.#quiet = setTimeout(() => this.#giveUp(), HASTE_MS).unref()
  }

  #giveUp(): void {
    this.#clear()
    this.#stream.destroy()
  }

  #clear(): void {
    clearTimeout(this.#limit)
    clearTimeout(this.#quiet)
  }
}
