/** Carries frames between Node and the event loop of a worker, in order, by a socket or by shared memory. */
export interface Carrier {
  /** Called with bytes of frames from the worker, which the listener may keep. One listener. */
  onData: ((chunk: Buffer) => void) | undefined
  /** Called once when no more bytes will come, with the error if there was one. One listener. */
  onClose: ((error: Error | undefined) => void) | undefined
  /** Called when the worker has caught up after a `write` that returned false. One listener. */
  onDrain: (() => void) | undefined
  /** Writes are carried. False from the end of the carrier on, slightly before `onClose` is called. */
  readonly writable: boolean
  /** Always accepts whole frames, and copies them. False: wait for `onDrain` before sending more of a body. */
  write(frames: Uint8Array): boolean
  /** Closes it on this side. */
  destroy(): void
}
