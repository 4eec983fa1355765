import type { ServerHttp2Stream } from 'node:http2'

import { HIGH_WATER } from '../../streams/net/outbox.ts'

const LOW_WATER = HIGH_WATER / 2
const EMPTY = Buffer.alloc(0)

/** Counts what waits in a connection. */
export interface StreamTally {
  /** So much waits in the connection that its streams are held back. */
  readonly crowded: boolean
  add(bytes: number): void
}

/** Output queue of a stream: Node gets about {@link HIGH_WATER} bytes at a time, so that progress is visible during a large write. */
export class StreamOutbox {
  /** Increases when the client has accepted bytes. */
  progress = 0
  onTaken: (() => void) | undefined
  readonly #stream: ServerHttp2Stream
  readonly #tally: StreamTally
  #queue: Uint8Array[] = []
  #queued = 0
  /** Bytes that Node has, and the client has not accepted. */
  #handed = 0
  #ending = false
  #stopped = false

  constructor(stream: ServerHttp2Stream, tally: StreamTally) {
    this.#stream = stream
    this.#tally = tally
  }

  /** Bytes that the client has not accepted yet. */
  get bytes(): number {
    return this.#queued + this.#handed
  }

  /** As `bytes`, but at the mark that holds a writer back while the connection is crowded. */
  get pending(): number {
    const { bytes } = this
    return bytes > 0 && this.#tally.crowded ? Math.max(bytes, HIGH_WATER) : bytes
  }

  /** A writer that was held back may continue. */
  get low(): boolean {
    return this.pending <= LOW_WATER
  }

  /** Writes bytes, which must not change afterwards. */
  write(bytes: Uint8Array): void {
    if (this.#stopped) return
    this.#tally.add(bytes.length)
    if (this.#queued === 0 && this.#handed < HIGH_WATER && bytes.length <= HIGH_WATER) {
      this.#hand(bytes)
      return
    }
    this.#queue.push(bytes)
    this.#queued += bytes.length
    this.#pump()
  }

  /** Ends the output after what is queued. */
  end(): void {
    this.#ending = true
    this.#pump()
  }

  /** Drops what is queued, because the stream is over. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#tally.add(-this.bytes)
    this.#queue = []
    this.#queued = 0
    this.#handed = 0
  }

  #pump(): void {
    while (this.#queued > 0 && this.#handed < HIGH_WATER) this.#moveOne()
    if (this.#ending && this.#queued === 0) this.#stream.end()
  }

  #moveOne(): void {
    const first = this.#queue[0] ?? EMPTY
    const piece = first.subarray(0, HIGH_WATER)
    if (piece.length === first.length) this.#queue.shift()
    else this.#queue[0] = first.subarray(HIGH_WATER)
    this.#queued -= piece.length
    this.#hand(piece)
  }

  #hand(piece: Uint8Array): void {
    this.#handed += piece.length
    this.#stream.write(piece, () => this.#noteTaken(piece.length))
  }

  #noteTaken(bytes: number): void {
    if (this.#stopped) return
    this.progress += 1
    this.#handed -= bytes
    this.#tally.add(-bytes)
    if (this.#queued > 0 || this.#ending) this.#pump()
    this.onTaken?.()
  }
}
