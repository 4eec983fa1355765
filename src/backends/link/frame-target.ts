/** A frame without its payload's length. */
export interface FrameMark {
  readonly type: number
  readonly flags: number
  readonly tag: number
}

/** Where frames to a worker are written. */
export interface FrameTarget {
  /** Takes the frame in any case; the payload must not be changed afterwards. False: bodies should wait. */
  frame(mark: FrameMark, payload?: Uint8Array): boolean
}
