/** Header of a frame, without the length of its payload. */
export interface FrameMark {
  readonly type: number
  readonly flags: number
  readonly tag: number
}

/** Destination of frames to a worker. */
export interface FrameTarget {
  /** Always accepts the frame; the payload must not change afterwards. False: wait before sending more of a body. */
  frame(mark: FrameMark, payload?: Uint8Array): boolean
}
