import type { Duplex } from 'node:stream'

import { encodeFrame, FRAME_HEADER_BYTES, FrameType, writeFrameHeader } from '../../wire/frames.ts'
import { MarshalWriter } from '../../wire/marshal.ts'
import type { PendingRequest } from './pending-request.ts'
import type { FrameMark, FrameTarget } from './frame-target.ts'
import { writeWsgiRequest } from './request-frame.ts'
import { nextSerial } from './serials.ts'

// Larger payloads are written separately instead of being copied.
const COPY_BYTES = 16 * 1024
const KEEP_BYTES = 64 * 1024

/** Writes frames to a thread: `add` collects requests, `flush` sends them in one write. */
export class ThreadWriter implements FrameTarget {
  /** Serial number of the last request that was sent. */
  sent = 0
  readonly #socket: Duplex
  readonly #marshal = new MarshalWriter()
  /** Serial number of the last request that was prepared. */
  #last = 0
  #scheduled = false

  constructor(socket: Duplex) {
    this.#socket = socket
  }

  /** The serial number for the next request, which identifies it in frames. */
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

  /** Sends the collected requests at the end of this turn of the event loop. */
  flushLater(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#release)
  }

  /** Sends the collected requests. */
  flush(): void {
    this.#sendGathered()
    const { errored, destroyed } = this.#socket
    if (errored === null && !destroyed) this.sent = this.#last
  }

  /** Sends another frame about a request. Bodies never wait, because the thread asks for each part. */
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
    // The socket still reads from this memory while it has pending bytes.
    if (this.#socket.writableLength > 0) marshal.detach()
    else marshal.clear()
    marshal.trim(KEEP_BYTES)
  }

  /** Adds the body; returns the bytes to send after the frame, or 0 if they were copied into it. */
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
