import type { Socket } from 'node:net'

/** Ends our side and waits for the client's end: closing while it still sends would reset the connection, and the reset overtakes the answer. */
export class Linger {
  readonly #socket: Socket
  readonly #limit: NodeJS.Timeout
  #quiet: NodeJS.Timeout
  #bytes = 0

  constructor(socket: Socket, limits: LingerLimits = LINGER) {
    this.#socket = socket
    const giveUp = (): void => this.#giveUp()
    this.#limit = setTimeout(giveUp, limits.total).unref()
    this.#quiet = setTimeout(giveUp, limits.quiet).unref()
    socket.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length
      this.#quiet.refresh()
      if (this.#bytes > limits.bytes) giveUp()
    })
    socket.once('close', () => this.#clear())
    socket.resume()
    socket.end()
  }

  /** Waits only a little longer: the server is stopping. */
  hasten(): void {
    clearTimeout(this.#quiet)
    this.#quiet = setTimeout(() => this.#giveUp(), HASTE_MS).unref()
  }

  #giveUp(): void {
    this.#clear()
    this.#socket.destroy()
  }

  #clear(): void {
    clearTimeout(this.#limit)
    clearTimeout(this.#quiet)
  }
}

/** How much a client may still send after its last answer. Durations in ms. */
export interface LingerLimits {
  readonly bytes: number
  readonly total: number
  /** Without a byte from the client. */
  readonly quiet: number
}

const LINGER: LingerLimits = { bytes: 64 * 1024 * 1024, total: 30_000, quiet: 5000 }
const HASTE_MS = 250
