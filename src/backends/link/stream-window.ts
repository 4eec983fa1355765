import { FrameType } from '../../wire/frames.ts'
import type { FrameTarget } from './frame-target.ts'

// Half of the window, so that short responses need no WINDOW frame.
const STEP_BYTES = 128 * 1024

/** Grants a worker more bytes of a stream as its client accepts them. */
export class StreamWindow {
  readonly #target: FrameTarget
  readonly #stream: number
  #taken = 0
  #held = 0

  constructor(target: FrameTarget, stream: number) {
    this.#target = target
    this.#stream = stream
  }

  /** The client accepted bytes at once. */
  take(bytes: number): void {
    this.#taken += bytes
    if (this.#taken >= STEP_BYTES) this.#grant()
  }

  /** Bytes wait for a slow client. */
  hold(bytes: number): void {
    this.#held += bytes
  }

  /** The client has caught up. */
  release(): void {
    const held = this.#held
    this.#held = 0
    this.take(held)
  }

  #grant(): void {
    const payload = Buffer.allocUnsafe(4)
    payload.writeUInt32LE(this.#taken)
    this.#taken = 0
    this.#target.frame({ type: FrameType.WINDOW, flags: 0, tag: this.#stream }, payload)
  }
}
