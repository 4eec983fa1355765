import type { ByteStream } from '../../core/byte-stream.ts'
import type { BoundAddress, ConnectionSource, Listener } from './addresses.ts'
import { listen } from './listener.ts'

type Receive = (stream: ByteStream) => void

/**
 * A listening socket that goes from one who listens to the next without being closed: whoever listens last gets the
 * connections, when it closes the one before it, and the socket is closed with the last one.
 */
export class KeptListener implements ConnectionSource {
  readonly #address: BoundAddress
  readonly #onClosed: () => void
  readonly #receivers: Receive[] = []
  #listener: Listener | undefined
  #closed: Promise<void> | undefined

  /** `onClosed` is called when the socket is about to be closed. */
  constructor(address: BoundAddress, onClosed: () => void) {
    this.#address = address
    this.#onClosed = onClosed
  }

  /** Opens the socket, if it is not open; nobody is accepted before somebody listens. Rejects as `listen`. */
  async open(): Promise<void> {
    this.#listener ??= await listen(this.#address, (stream) => this.#receive(stream))
  }

  async listen(onConnection: Receive): Promise<Listener> {
    this.#receivers.push(onConnection)
    try {
      await this.open()
    } catch (error) {
      this.#remove(onConnection)
      throw error
    }
    const listener = this.#listener
    return {
      url: listener?.url ?? '',
      onError: (report) => listener?.onError(report),
      close: () => this.#leave(onConnection),
    }
  }

  /** Closes the socket if nobody listens. */
  async closeUnused(): Promise<void> {
    if (this.#receivers.length > 0) return
    this.#onClosed()
    this.#closed ??= this.#listener?.close()
    await this.#closed
  }

  #receive(stream: ByteStream): void {
    const receive = this.#receivers.at(-1)
    if (receive === undefined) stream.destroy()
    else receive(stream)
  }

  async #leave(receiver: Receive): Promise<void> {
    this.#remove(receiver)
    await this.closeUnused()
  }

  #remove(receiver: Receive): void {
    const at = this.#receivers.indexOf(receiver)
    if (at >= 0) this.#receivers.splice(at, 1)
  }
}
