import type { ByteStream } from '../../core/byte-stream.ts'

/** Limits for what a client sends after its last response. Durations in ms. */
export interface LingerLimits {
  readonly bytes: number
  readonly total: number
  /** Longest time without a byte from the client. */
  readonly quiet: number
}

const LINGER: LingerLimits = { bytes: 64 * 1024 * 1024, total: 30_000, quiet: 5000 }
const HASTE_MS = 250

/** Half-closes and waits for the client to close. Closing while the client still sends would cause a TCP reset, which may destroy the response on its way. */
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

  /** The client has sent more bytes, which are dropped. */
  noteReceived(bytes: number): void {
    this.#bytes += bytes
    this.#quiet.refresh()
    if (this.#bytes > this.#most) this.#giveUp()
  }

  /** Waits only a short time more, because the server is stopping. */
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
