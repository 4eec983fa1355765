import { Duplex } from 'node:stream'

import type { Carrier } from '../../src/backends/link/carrier.ts'
import type { PendingRequest } from '../../src/backends/link/pending-request.ts'
import { encodeFrame, FrameDecoder, FrameFlag, FrameType } from '../../src/wire/frames.ts'
import { createPlainExchange, type PlainExchange } from './plain-exchange.ts'

/** A frame sent to a worker. */
export interface SentFrame {
  readonly type: number
  readonly flags: number
  readonly tag: number
  readonly payload: Buffer
}

/** Records the frames sent to a worker. */
class FrameLog {
  readonly frames: SentFrame[] = []
  readonly #decoder = new FrameDecoder({
    onFrame: ({ type, flags, tag }, chunk, start, end) =>
      void this.frames.push({ type, flags, tag, payload: chunk.subarray(start, end) }),
  })

  push(bytes: Uint8Array): void {
    this.#decoder.push(Buffer.from(bytes))
  }

  /** Frames of a type. */
  of(type: number): SentFrame[] {
    return this.frames.filter((frame) => frame.type === type)
  }
}

/** Node's end of a thread's socket, without a socket: delivered frames are read at once. */
export class FakeThread extends Duplex {
  readonly sent = new FrameLog()

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.sent.push(chunk)
    done()
  }

  /** Delivers frames from the thread; resolves when they were read, unless reading is paused. */
  async deliver(...frames: readonly Buffer[]): Promise<void> {
    this.push(Buffer.concat(frames))
    await turn()
  }
}

/** A carrier without a socket: frames are delivered within the call. */
export class FakeCarrier implements Carrier {
  onData: ((chunk: Buffer) => void) | undefined
  onClose: ((error: Error | undefined) => void) | undefined
  onDrain: (() => void) | undefined
  writable = true
  /** Result of `write`. */
  flows = true
  /** Number of writes. */
  writes = 0
  destroyed = false
  readonly sent = new FrameLog()

  write(frames: Uint8Array): boolean {
    this.writes++
    this.sent.push(frames)
    return this.flows
  }

  destroy(): void {
    this.destroyed = true
  }

  async deliver(...frames: readonly Buffer[]): Promise<void> {
    this.onData?.(Buffer.concat(frames))
    await turn()
  }
}

/** Waits for the end of this turn of the event loop, when frames are sent. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** A request for a worker, with a plain exchange. */
export interface PlainPendingRequest extends PendingRequest {
  readonly exchange: PlainExchange
}

/** Makes a request from an exchange. */
export function createPendingRequest(
  exchange = createPlainExchange(),
  application = 0,
): PlainPendingRequest {
  const invocation = { application: 'app', scriptName: '', pathInfo: '/' }
  return { exchange, invocation, application, body: undefined }
}

/** A number of bytes, encoded as in PULL and WINDOW. */
export function bytesOf(count: number): Buffer {
  const payload = Buffer.allocUnsafe(4)
  payload.writeUInt32LE(count)
  return payload
}

/** The payload of a HEAD frame without its status: 200 OK without fields. */
export const HEAD_PAYLOAD = Buffer.concat([Buffer.alloc(8), Buffer.from('OK\r\n')])

/** A short answer of a thread, after `took` microseconds. */
export function threadAnswer(text: string, took = 0): Buffer[] {
  return [
    encodeFrame(FrameType.HEAD, 0, HEAD_PAYLOAD, 200),
    encodeFrame(FrameType.DATA, FrameFlag.DATA_LAST | FrameFlag.FREE, Buffer.from(text), took),
  ]
}

/** A short answer of a stream. */
export function streamAnswer(stream: number, text: string): Buffer {
  const lines = Buffer.from('OK\r\n')
  const start = Buffer.alloc(15)
  start.writeUInt16LE(200)
  start.writeUInt32LE(lines.length, 11)
  const payload = Buffer.concat([start, lines, Buffer.from(text)])
  return encodeFrame(FrameType.ANSWER, FrameFlag.FREE, payload, stream)
}
