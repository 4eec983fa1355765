import type { Socket } from 'node:net'

import { encodeFrame, FRAME_HEADER_BYTES, writeFrameHeader } from '../../wire/frames.ts'

const COPY_BYTES = 8 * 1024

/** A frame without its payload's length. */
export interface FrameMark {
  readonly type: number
  readonly flags: number
  readonly status: number
}

/** Where frames to a worker are written. */
export interface FrameTarget {
  /** Takes the frame in any case; the payload must not be changed afterwards. False: bodies should wait. */
  frame(mark: FrameMark, payload?: Uint8Array): boolean
}

/** Writes frames to the socket of a thread, which never has more of a body than it asked for. */
export class SocketTarget implements FrameTarget {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
  }

  frame(mark: FrameMark, payload?: Uint8Array): boolean {
    const { type, flags, status } = mark
    const socket = this.#socket
    if (payload === undefined || payload.length <= COPY_BYTES) {
      socket.write(encodeFrame(type, flags, payload, status))
      return true
    }
    const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES)
    writeFrameHeader(header, 0, { type, flags, status, length: payload.length })
    socket.cork()
    socket.write(header)
    socket.write(payload)
    socket.uncork()
    return true
  }
}
