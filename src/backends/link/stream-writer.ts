import { FRAME_HEADER_BYTES, FrameType, writeFrameHeader } from '../../wire/frames.ts'
import { MarshalWriter } from '../../wire/marshal.ts'
import type { Carrier } from './carrier.ts'
import type { PendingRequest } from './pending-request.ts'
import type { FrameMark, FrameTarget } from './frame-target.ts'
import { writeAsgiRequest, writeWsgiRequest } from './request-frame.ts'

const BATCH_BYTES = 64 * 1024

/** Writes frames to an event loop; those of one turn of Node's loop leave in one write. */
export class StreamWriter implements FrameTarget {
  /** Number of the write that will contain the next frame. */
  batch = 0
  /** Stream whose request was the last frame sent; 0 if the last frame was another one. */
  lastRequest = 0
  readonly #carrier: Carrier
  readonly #marshal = new MarshalWriter()
  /** The same for the frames that are not sent yet. */
  #nextLast = 0
  #flows = true
  #scheduled = false

  constructor(carrier: Carrier) {
    this.#carrier = carrier
  }

  /** Adds the REQUEST frame of a stream, for an ASGI or a WSGI application. */
  request(request: PendingRequest, stream: number, isAsgi: boolean): void {
    const { body } = request
    const marshal = this.#marshal
    const start = marshal.skip(FRAME_HEADER_BYTES)
    if (isAsgi) writeAsgiRequest(request, marshal)
    else writeWsgiRequest(request, marshal)
    if (body === undefined) marshal.none()
    else this.#addBody(body)
    this.#nextLast = stream
    this.#complete({ type: FrameType.REQUEST, flags: 0, tag: stream }, start)
  }

  frame(mark: FrameMark, payload?: Uint8Array): boolean {
    const marshal = this.#marshal
    const start = marshal.skip(FRAME_HEADER_BYTES)
    if (payload !== undefined) marshal.raw(payload)
    this.#nextLast = 0
    this.#complete(mark, start)
    return this.#flows
  }

  /** The worker has caught up. */
  noteDrain(): void {
    this.#flows = true
  }

  readonly #release = (): void => {
    this.#scheduled = false
    this.#flush()
  }

  #addBody(body: readonly Uint8Array[]): void {
    const marshal = this.#marshal
    let length = 0
    for (const piece of body) length += piece.length
    marshal.bytesHead(length)
    for (const piece of body) marshal.raw(piece)
  }

  #complete(mark: FrameMark, start: number): void {
    const marshal = this.#marshal
    const { type, flags, tag } = mark
    const length = marshal.length - start - FRAME_HEADER_BYTES
    writeFrameHeader(marshal.buffer, start, { type, flags, tag, length })
    if (marshal.length >= BATCH_BYTES) this.#flush()
    else if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(this.#release)
    }
  }

  #flush(): void {
    const marshal = this.#marshal
    if (marshal.length === 0) return
    if (this.#carrier.writable) {
      this.batch++
      this.lastRequest = this.#nextLast
      this.#flows = this.#carrier.write(marshal.view()) && this.#flows
    }
    marshal.clear()
    marshal.trim(BATCH_BYTES)
  }
}
