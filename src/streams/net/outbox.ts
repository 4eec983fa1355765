import type { ByteStream } from '../../core/byte-stream.ts'

/** Pending bytes at which `write` returns false. */
export const HIGH_WATER = 65_536

const LOW_WATER = HIGH_WATER / 2
const EMPTY = Buffer.alloc(0)

/**
 * Output queue of a connection. The stream gets about {@link HIGH_WATER} bytes at a time, so that progress is visible
 * during a large write. What is written in one tick leaves in one piece.
 */
export class Outbox {
  /** Increases when the connection accepts bytes. */
  progress = 0
  /** Bytes written so far. */
  written = 0
  readonly #stream: ByteStream
  readonly #release = (): void => this.flush()
  #queue: Uint8Array[] = []
  #queued = 0
  #corked = false

  constructor(stream: ByteStream) {
    this.#stream = stream
  }

  /** Bytes that the connection has not accepted yet. */
  get pending(): number {
    return this.#stream.pending + this.#queued
  }

  /** All pending bytes were given to the stream. */
  get handedOver(): boolean {
    return this.#queued === 0
  }

  /** `pending` is low enough for a blocked writer to continue. */
  get low(): boolean {
    return this.pending <= LOW_WATER
  }

  /** Writes latin-1 text immediately. */
  writeNow(text: string): void {
    if (this.#queued > 0 || this.#corked) {
      this.write(Buffer.from(text, 'latin1'))
      this.flush()
      return
    }
    this.written += text.length
    this.#stream.write(text)
  }

  /** Writes latin-1 text in one piece with other writes of this tick. */
  writeText(text: string): void {
    if (this.#queued > 0) {
      this.write(Buffer.from(text, 'latin1'))
      return
    }
    this.#cork()
    this.written += text.length
    this.#stream.write(text)
  }

  /** Writes bytes in one piece with other writes of this tick. They must not change afterwards. */
  write(bytes: Uint8Array): void {
    this.written += bytes.length
    if (this.#queued > 0) {
      this.#enqueue(bytes)
      return
    }
    this.#cork()
    this.#offer(bytes)
  }

  /** Gives the stream what was written in this tick. */
  flush(): void {
    if (!this.#corked) return
    this.#corked = false
    this.#stream.uncork()
  }

  /** The stream accepted bytes. */
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
