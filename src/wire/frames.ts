import { TaipanError } from '../core/errors.ts'

/** Length of a frame header. */
export const FRAME_HEADER_BYTES = 8

/** Longest payload of a frame; a longer one is an error of the sender. */
export const FRAME_PAYLOAD_LIMIT = 64 * 1024 * 1024

/** Types of frames, see `docs/frames.md`. */
export const FrameType = {
  REQUEST: 1,
  BODY: 2,
  BROKEN: 3,
  OPENED: 4,
  WINDOW: 5,
  MESSAGE: 6,
  CLOSE: 7,
  HEAD: 16,
  DATA: 17,
  PULL: 18,
  FILE: 19,
  FREE: 20,
  ABORT: 21,
  HINTS: 22,
  TRAILERS: 23,
  ACCEPT: 24,
  ANSWER: 25,
  CONTROL: 32,
} as const

/** Flag bits, each for certain types only. */
export const FrameFlag = {
  BODY_LAST: 1,
  BROKEN_CANCEL: 1,
  BROKEN_HALF: 2,
  OPENED_OK: 1,
  HEAD_DATE: 1,
  HEAD_SERVER: 2,
  HEAD_CLOSE: 4,
  HEAD_LENGTH: 8,
  HEAD_STANDS_IN: 16,
  HEAD_EXPLAINS: 32,
  DATA_LAST: 1,
  ABORT_DIED: 1,
  FREE: 2,
  MESSAGE_LAST: 1,
  MESSAGE_TEXT: 4,
} as const

/** Header of the frame that is being delivered. */
export interface FrameHead {
  readonly type: number
  readonly flags: number
  readonly tag: number
  /** Payload bytes not delivered yet; above 0 only between the pieces of a streamed frame. */
  readonly remaining: number
}

/** Receives frames from a decoder. */
export interface FrameSink {
  /**
   * The payload is `chunk` from `start` to `end`; streamed types deliver it in pieces. `head` is valid during the call
   * only; the bytes may be kept.
   */
  onFrame(head: FrameHead, chunk: Buffer, start: number, end: number): void
}

/** Options of a `FrameDecoder`. */
export interface FrameDecoderOptions {
  /** The type that is delivered in pieces as its bytes arrive; all others are delivered whole. */
  readonly streamed?: number
  /** Longest payload of the other types. */
  readonly limit?: number
}

/**
 * Splits a byte stream into frames. A frame inside one chunk is delivered without copying. `push` throws when the other
 * side breaks the format; do not call it again after that.
 */
export class FrameDecoder implements FrameHead {
  type = 0
  flags = 0
  tag = 0
  remaining = 0
  readonly #sink: FrameSink
  readonly #streamed: number
  readonly #limit: number
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES)
  #headerFilled = 0
  #inPayload = false
  #stopped = false
  #parts: Buffer[] = []

  constructor(sink: FrameSink, options: FrameDecoderOptions = {}) {
    this.#sink = sink
    this.#streamed = options.streamed ?? -1
    this.#limit = options.limit ?? FRAME_PAYLOAD_LIMIT
  }

  /** Accepts the next bytes and calls the sink for each complete frame or piece. */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.#stopped)
      at = this.#inPayload ? this.#takePayload(chunk, at) : this.#takeHeader(chunk, at)
  }

  /** Delivers nothing more, including what is left of the current chunk. */
  stop(): void {
    this.#stopped = true
    this.#parts = []
  }

  #takeHeader(chunk: Buffer, at: number): number {
    if (this.#headerFilled === 0 && chunk.length - at >= FRAME_HEADER_BYTES) {
      this.#parseHeader(chunk, at)
      at += FRAME_HEADER_BYTES
    } else {
      const taken = Math.min(FRAME_HEADER_BYTES - this.#headerFilled, chunk.length - at)
      chunk.copy(this.#header, this.#headerFilled, at, at + taken)
      this.#headerFilled += taken
      at += taken
      if (this.#headerFilled < FRAME_HEADER_BYTES) return at
      this.#headerFilled = 0
      this.#parseHeader(this.#header, 0)
    }
    if (this.remaining === 0) this.#sink.onFrame(this, chunk, at, at)
    else this.#inPayload = true
    return at
  }

  #parseHeader(bytes: Buffer, at: number): void {
    this.type = bytes.readUInt8(at)
    this.flags = bytes.readUInt8(at + 1)
    this.tag = bytes.readUInt16LE(at + 2)
    this.remaining = bytes.readUInt32LE(at + 4)
    if (this.remaining > this.#limit)
      throw new TaipanError(
        'INTERNAL',
        `a frame of type ${this.type} announces ${this.remaining} bytes, more than ${this.#limit}`,
      )
  }

  #takePayload(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.remaining)
    const whole = end - at === this.remaining
    if (this.type === this.#streamed || (whole && this.#parts.length === 0)) {
      this.remaining -= end - at
      this.#inPayload = !whole
      this.#sink.onFrame(this, chunk, at, end)
      return end
    }
    this.#parts.push(chunk.subarray(at, end))
    this.remaining -= end - at
    if (whole) this.#deliverGathered()
    return end
  }

  #deliverGathered(): void {
    const payload = Buffer.concat(this.#parts)
    this.#parts = []
    this.#inPayload = false
    this.#sink.onFrame(this, payload, 0, payload.length)
  }
}

/** Fields of a frame header. */
export interface FrameFields {
  readonly type: number
  readonly flags: number
  /** Status in a HEAD frame; serial number of the request in frames to a thread; number of the stream in frames of an event loop. */
  readonly tag: number
  /** Bytes of payload. */
  readonly length: number
}

/** Writes the 8 bytes of a frame header to `buffer` at `at`. */
export function writeFrameHeader(buffer: Buffer, at: number, fields: FrameFields): void {
  const { type, flags, tag, length } = fields
  if (length > FRAME_PAYLOAD_LIMIT)
    throw new TaipanError(
      'INTERNAL',
      `a frame of type ${type} would hold ${length} bytes, more than ${FRAME_PAYLOAD_LIMIT}`,
    )
  buffer.writeUInt8(type, at)
  buffer.writeUInt8(flags, at + 1)
  buffer.writeUInt16LE(tag, at + 2)
  buffer.writeUInt32LE(length, at + 4)
}

/** A whole frame in a new buffer. */
export function encodeFrame(type: number, flags = 0, payload?: Uint8Array, tag = 0): Buffer {
  const length = payload === undefined ? 0 : payload.length
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + length)
  writeFrameHeader(frame, 0, { type, flags, tag, length })
  if (payload !== undefined) frame.set(payload, FRAME_HEADER_BYTES)
  return frame
}

/** A frame of the control channel. */
export function encodeControl(message: object): Buffer {
  return encodeFrame(FrameType.CONTROL, 0, Buffer.from(JSON.stringify(message), 'utf8'))
}
