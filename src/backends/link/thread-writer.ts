import type { Duplex } from 'node:stream'

import { encodeFrame, FRAME_HEADER_BYTES, FrameType, writeFrameHeader } from '../../wire/frames.ts'
import { MarshalWriter } from '../../wire/marshal.ts'
import type { PendingRequest } from './pending-request.ts'
import type { FrameMark, FrameTarget } from './frame-target.ts'
import { writeWsgiRequest } from './request-frame.ts'
import { nextSerial } from './serials.ts'

// A larger piece leaves in a vector of its own instead of being copied behind the head.
const COPY_BYTES = 16 * 1024
const KEEP_BYTES = 64 * 1024

/** Writes frames to a thread: `add` gathers requests, `flush` sends what was gathered in one write. */
export class ThreadWriter implements FrameTarget {
  /** Number of the last request that was sent. */
  sent = 0
  readonly #socket: Duplex
  readonly #marshal = new MarshalWriter()
  /** Number of the last request that was made ready. */
  #last = 0
  #scheduled = false

  constructor(socket: Duplex) {
    this.#socket = socket
  }

  /** A number for a request that is to be added next. It names the request in the frames that concern it. */
  number(): number {
    this.#last = nextSerial(this.#last)
    return this.#last
  }

  /** Adds a REQUEST frame. */
  add(request: PendingRequest, serial: number): void {
    const { body } = request
    const marshal = this.#marshal
    const start = marshal.skip(FRAME_HEADER_BYTES)
    writeWsgiRequest(request, marshal)
    if (body === undefined) marshal.none()
    const length = body === undefined ? 0 : this.#addBody(body)
    writeFrameHeader(marshal.buffer, start, {
      type: FrameType.REQUEST,
      flags: 0,
      tag: serial,
      length: marshal.length - start - FRAME_HEADER_BYTES + length,
    })
    if (body !== undefined && length > 0) this.#sendBody(body)
  }

  /** Sends what was added at the end of this turn of the event loop. */
  flushLater(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#release)
  }

  /** Sends what was added. */
  flush(): void {
    this.#sendGathered()
    const { errored, destroyed } = this.#socket
    if (errored === null && !destroyed) this.sent = this.#last
  }

  /** Sends any other frame, which concerns a request; bodies need not wait, as the thread asks for each piece. */
  frame(mark: FrameMark, payload?: Uint8Array): boolean {
    const { type, flags, tag } = mark
    const socket = this.#socket
    if (payload === undefined || payload.length <= COPY_BYTES) {
      socket.write(encodeFrame(type, flags, payload, tag))
      return true
    }
    const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES)
    writeFrameHeader(header, 0, { type, flags, tag, length: payload.length })
    socket.cork()
    socket.write(header)
    socket.write(payload)
    socket.uncork()
    return true
  }

  readonly #release = (): void => {
    this.#scheduled = false
    if (!this.#socket.destroyed) this.flush()
  }

  #sendGathered(): void {
    const marshal = this.#marshal
    if (marshal.length === 0) return
    this.#socket.write(marshal.view())
    // What the system has not taken yet is still read from this memory.
    if (this.#socket.writableLength > 0) marshal.detach()
    else marshal.clear()
    marshal.trim(KEEP_BYTES)
  }

  /** Bytes that have to be sent behind the frame's head; 0 when they were copied. */
  #addBody(body: readonly Uint8Array[]): number {
    let length = 0
    for (const piece of body) length += piece.length
    this.#marshal.bytesHead(length)
    if (length > COPY_BYTES) return length
    for (const piece of body) this.#marshal.raw(piece)
    return 0
  }

  #sendBody(body: readonly Uint8Array[]): void {
    this.#socket.cork()
    this.#sendGathered()
    for (const piece of body) this.#socket.write(piece)
    this.#socket.uncork()
  }
}
