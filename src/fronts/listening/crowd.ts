import type { ByteStream } from '../../core/byte-stream.ts'
import { Linger } from './linger.ts'

/** Clients that are being told so at the same time; more are cut without a word. */
const SIZE = 256
const LINGER = { bytes: 65_536, total: 2000, quiet: 500 }

/** Turns away clients that nobody can serve. */
export class Crowd {
  readonly #streams = new Set<ByteStream>()

  /** Gives the client its only answer, latin-1, and closes the connection. */
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

  /** Cuts those that still listen. */
  close(): void {
    for (const stream of this.#streams) stream.destroy()
  }
}
