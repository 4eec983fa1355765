/** Carries frames to the event loop of one worker and back, in order: a socket, or memory that both sides see. */
export interface Carrier {
  /** Called with bytes of frames from the worker. They may be kept. One listener. */
  onData: ((chunk: Buffer) => void) | undefined
  /** Called once when nothing more comes, with the error if there was one. One listener. */
  onClose: ((error: Error | undefined) => void) | undefined
  /** Called each time the worker caught up after a `write` that returned false. One listener. */
  onDrain: (() => void) | undefined
  /** What is written is carried. It is not from the carrier's end on, which `onClose` tells a little later. */
  readonly writable: boolean
  /** Takes whole frames in any case; the bytes may be changed after the call. False: wait for `onDrain` before more bodies. */
  write(frames: Uint8Array): boolean
  /** Ends it on this side. */
  destroy(): void
}
