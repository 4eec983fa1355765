import type { ByteStream } from '../../../core/byte-stream.ts'
import type { LentStream } from '../../connections/lent-connection.ts'

/** What the user of a lane asks for. */
export interface LaneStreamEvents {
  readonly onResume: () => void
  /** The lane is not wanted any more. */
  readonly onDrop: () => void
}

/** The stream of a shared connection as one lane sees it: it is held and ended alone. */
export class LaneStream implements LentStream {
  paused = false
  readonly #stream: ByteStream
  readonly #events: LaneStreamEvents
  #dropped = false
  /** It has written since everything was taken. */
  #waits = false

  constructor(stream: ByteStream, events: LaneStreamEvents) {
    this.#stream = stream
    this.#events = events
  }

  get closed(): boolean {
    return this.#dropped || this.#stream.closed
  }

  get pending(): number {
    return this.#stream.pending
  }

  /** The connection takes more; returns whether that concerns this lane. */
  noteTaken(): boolean {
    const waited = this.#waits
    if (this.#stream.pending === 0) this.#waits = false
    return waited && !this.#dropped
  }

  write(data: Uint8Array | string): number {
    this.#waits = true
    return this.#stream.write(data)
  }

  cork(): void {
    this.#stream.cork()
  }

  uncork(): void {
    this.#stream.uncork()
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.#events.onResume()
  }

  /** A record tells the end of a request. */
  end(): void {}

  destroySoon(): void {
    this.destroy()
  }

  destroy(): void {
    if (this.#dropped) return
    this.#dropped = true
    this.#events.onDrop()
  }
}
