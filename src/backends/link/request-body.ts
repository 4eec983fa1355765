import type { Socket } from 'node:net'

import type { RequestBody } from '../../core/exchange.ts'
import {
  encodeFrame,
  FRAME_HEADER_BYTES,
  FrameFlag,
  FrameType,
  writeFrameHeader,
} from '../../wire/frames.ts'

const COPY_BYTES = 8 * 1024

/** How a body that is sent on demand stands after `pump`. */
export type BodyState = 'waiting' | 'served' | 'broken'

/** Sends a request body to a thread as the thread asks for it, never more than it asked for. */
export class PulledBody {
  readonly #socket: Socket
  #credit = 0
  #serial = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Forgets what the last request had asked for; what follows is sent for the request with this serial number. */
  reset(serial: number): void {
    this.#credit = 0
    this.#serial = serial
  }

  /** The thread may be sent `bytes` more. */
  grant(body: RequestBody, bytes: number): void {
    this.#credit += bytes
    body.request(this.#credit)
  }

  /** Sends what is there and was asked for. `waiting`: less was there than was asked for. */
  pump(body: RequestBody): BodyState {
    while (this.#credit > 0) {
      const piece = body.take(this.#credit)
      const last = body.complete && body.buffered === 0
      if (piece === undefined && !last) break
      this.#credit = last ? 0 : this.#credit - (piece?.length ?? 0)
      this.#send(piece, last ? FrameFlag.BODY_LAST : 0)
    }
    if (this.#credit === 0) return 'served'
    return body.error === undefined ? 'waiting' : 'broken'
  }

  #send(piece: Uint8Array | undefined, flags: number): void {
    const type = FrameType.BODY
    const status = this.#serial
    if (piece === undefined || piece.length <= COPY_BYTES) {
      this.#socket.write(encodeFrame(type, flags, piece, status))
      return
    }
    const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES)
    writeFrameHeader(header, 0, { type, flags, status, length: piece.length })
    this.#socket.cork()
    this.#socket.write(header)
    this.#socket.write(piece)
    this.#socket.uncork()
  }
}

const NO_PIECES: readonly Uint8Array[] = []

/** Takes a body that is wholly there. */
export function takeWholeBody(body: RequestBody): readonly Uint8Array[] {
  if (body.buffered === 0) return NO_PIECES
  const pieces: Uint8Array[] = []
  for (let piece = body.take(); piece !== undefined; piece = body.take()) pieces.push(piece)
  return pieces
}
