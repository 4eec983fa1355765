import type { ByteStream } from '../../core/byte-stream.ts'

/** Bytes waiting for the client from which `write` asks for a pause. */
export const HIGH_WATER = 65_536

const LOW_WATER = HIGH_WATER / 2
const EMPTY = Buffer.alloc(0)

/**
 * Bytes on their way to one client. The stream is given at most about {@link HIGH_WATER} bytes at a time, so that
 * progress shows while a large piece is being sent; what is written in one tick leaves in one piece.
 */
export class Outbox {
  /** Grows whenever the client's connection took bytes. */
  progress = 0
  readonly #stream: ByteStream
  readonly #release = (): void => this.flush()
  #queue: Uint8Array[] = []
  #queued = 0
  #corked = false

  constructor(stream: ByteStream) {
    this.#stream = stream
  }

  /** Bytes not yet taken by the connection. */
  get pending(): number {
    return this.#stream.pending + this.#queued
  }

  /** All that is pending is with the stream. */
  get handedOver(): boolean {
    return this.#queued === 0
  }

  /** Few enough bytes are pending for a paused writer to go on. */
  get low(): boolean {
    return this.pending <= LOW_WATER
  }

  /** Writes latin-1 text at once. */
  writeNow(text: string): void {
    if (this.#queued > 0 || this.#corked) {
      this.write(Buffer.from(text, 'latin1'))
      this.flush()
      return
    }
    this.#stream.write(text)
  }

  /** Writes latin-1 text together with what follows in this tick. */
  writeText(text: string): void {
    if (this.#queued > 0) {
      this.write(Buffer.from(text, 'latin1'))
      return
    }
    this.#cork()
    this.#stream.write(text)
  }

  /** Writes bytes together with what follows in this tick. They must not be changed afterwards. */
  write(bytes: Uint8Array): void {
    if (this.#queued > 0) {
      this.#enqueue(bytes)
      return
    }
    this.#cork()
    this.#offer(bytes)
  }

  /** Gives the carrier what this tick has gathered. */
  flush(): void {
    if (!this.#corked) return
    this.#corked = false
    this.#stream.uncork()
  }

  /** The stream took bytes. */
  noteTaken(): void {
    this.progress += 1
    while (this.#queued > 0 && this.#stream.pending < HIGH_WATER) this.#moveOne()
  }

  #cork(): void {
    if (this.#corked) return
    this.#corked = true
    this.#stream.cork()
    process.nextTick(this.#release)
  }

  #offer(bytes: Uint8Array): void {
    const stream = this.#stream
    let at = 0
    while (at < bytes.length) {
      if (stream.pending >= HIGH_WATER) this.flush()
      if (stream.pending >= HIGH_WATER) {
        this.#enqueue(bytes.subarray(at))
        return
      }
      const whole = at === 0 && bytes.length <= HIGH_WATER
      const piece = whole ? bytes : bytes.subarray(at, at + HIGH_WATER)
      at += piece.length
      stream.write(piece)
    }
  }

  #enqueue(bytes: Uint8Array): void {
    this.#queue.push(bytes)
    this.#queued += bytes.length
  }

  #moveOne(): void {
    const first = this.#queue[0] ?? EMPTY
    const piece = first.subarray(0, HIGH_WATER)
    if (piece.length === first.length) this.#queue.shift()
    else this.#queue[0] = first.subarray(HIGH_WATER)
    this.#queued -= piece.length
    this.#stream.write(piece)
  }
}
