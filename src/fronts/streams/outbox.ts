import type { Socket } from 'node:net'

/** Bytes waiting for the client from which `write` asks for a pause. */
export const HIGH_WATER = 65_536

const LOW_WATER = HIGH_WATER / 2
const EMPTY = Buffer.alloc(0)

/**
 * Bytes on their way to one client. The socket is given at most about {@link HIGH_WATER} bytes at a time, so that
 * progress shows while a large piece is being sent; what is written in one tick leaves in one system call.
 */
export class Outbox {
  /** Grows whenever the client's connection took bytes. */
  progress = 0
  readonly #socket: Socket
  readonly #onProgress: () => void
  readonly #written = (): void => this.#noteWritten()
  readonly #release = (): void => this.flush()
  #queue: Uint8Array[] = []
  #queued = 0
  #corked = false

  constructor(socket: Socket, onProgress: () => void) {
    this.#socket = socket
    this.#onProgress = onProgress
  }

  /** Bytes not yet taken by the connection. */
  get pending(): number {
    return this.#socket.writableLength + this.#queued
  }

  /** Few enough bytes are pending for a paused writer to go on. */
  get low(): boolean {
    return this.pending <= LOW_WATER
  }

  /** Writes latin-1 text at once; progress is reported only if something stays pending. */
  writeNow(text: string): void {
    const socket = this.#socket
    if (this.#queued > 0 || this.#corked) {
      this.write(Buffer.from(text, 'latin1'))
      this.flush()
      return
    }
    socket.write(text, 'latin1')
    // The callback of an empty write comes behind the bytes before it; most responses need none.
    if (socket.writableLength > 0) socket.write(EMPTY, this.#written)
  }

  /** Writes latin-1 text together with what follows in this tick. */
  writeText(text: string): void {
    if (this.#queued > 0) {
      this.write(Buffer.from(text, 'latin1'))
      return
    }
    this.#cork()
    this.#socket.write(text, 'latin1', this.#written)
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

  /** Gives the socket what this tick has gathered. */
  flush(): void {
    if (!this.#corked) return
    this.#corked = false
    this.#socket.uncork()
  }

  #cork(): void {
    if (this.#corked) return
    this.#corked = true
    this.#socket.cork()
    process.nextTick(this.#release)
  }

  #offer(bytes: Uint8Array): void {
    const socket = this.#socket
    let at = 0
    while (at < bytes.length) {
      if (socket.writableLength >= HIGH_WATER) this.flush()
      if (socket.writableLength >= HIGH_WATER) {
        this.#enqueue(bytes.subarray(at))
        return
      }
      const whole = at === 0 && bytes.length <= HIGH_WATER
      const piece = whole ? bytes : bytes.subarray(at, at + HIGH_WATER)
      at += piece.length
      socket.write(piece, this.#written)
    }
  }

  #enqueue(bytes: Uint8Array): void {
    this.#queue.push(bytes)
    this.#queued += bytes.length
  }

  #noteWritten(): void {
    this.progress += 1
    while (this.#queued > 0 && this.#socket.writableLength < HIGH_WATER) this.#moveOne()
    this.#onProgress()
  }

  #moveOne(): void {
    const first = this.#queue[0] ?? EMPTY
    const piece = first.subarray(0, HIGH_WATER)
    if (piece.length === first.length) this.#queue.shift()
    else this.#queue[0] = first.subarray(HIGH_WATER)
    this.#queued -= piece.length
    this.#socket.write(piece, this.#written)
  }
}
