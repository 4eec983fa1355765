import type { ByteStream } from '../../core/byte-stream.ts'
import { Linger } from './linger.ts'

/** Most clients that are being refused at the same time; further ones are disconnected without an answer. */
const SIZE = 256
const LINGER = { bytes: 65_536, total: 2000, quiet: 500 }

/** Refuses clients beyond the limit of connections. */
export class RefusedConnections {
  readonly #streams = new Set<ByteStream>()

  /** Sends the only answer, latin-1, and closes the connection. */
  refuse(stream: ByteStream, answer: string): void {
    if (this.#streams.size >= SIZE) {
      stream.destroy()
      return
    }
    this.#streams.add(stream)
    stream.onClose(() => this.#streams.delete(stream))
    stream.write(answer)
    const linger = new Linger(stream, LINGER)
    stream.listener = {
      onData: (chunk) => linger.noteReceived(chunk.length),
      onEnd: () => {},
      onTaken: () => {},
    }
  }

  /** Disconnects the clients that have not closed yet. */
  close(): void {
    for (const stream of this.#streams) stream.destroy()
  }
}
