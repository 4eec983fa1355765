import { connect, type IncomingHttpHeaders } from 'node:http2'
import { Duplex } from 'node:stream'

import { toBuffer, type Bytes } from './raw-client.ts'

/** Types of frames (RFC 9113, 6). */
export const Frame = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const

const END_STREAM = 1
const END_HEADERS = 4

/** With what a client begins. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
/** The largest window. */
const WIDE = 2 ** 31 - 1

const HEAD_BYTES = 9
const FRAME_BYTES = 16_384
const INITIAL_WINDOW = 65_535

/** A whole frame. */
export function formatFrame(type: number, flags: number, id: number, payload: Bytes = ''): Buffer {
  const content = toBuffer(payload)
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUIntBE(content.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, content])
}

/** A SETTINGS frame of numbers and values. */
export function formatSettings(settings: Readonly<Record<number, number>> = {}): Buffer {
  const entries = Object.entries(settings).map(([id, value]) => {
    const entry = Buffer.alloc(6)
    entry.writeUInt16BE(Number(id), 0)
    entry.writeUInt32BE(value, 2)
    return entry
  })
  return formatFrame(Frame.SETTINGS, 0, 0, Buffer.concat(entries))
}

/** A frame whose content is one number of 32 bits. */
export function formatNumber(type: number, id: number, value: number): Buffer {
  const content = Buffer.alloc(4)
  content.writeUInt32BE(value)
  return formatFrame(type, 0, id, content)
}

/** The preface of a client with windows that never close. */
export function formatWideStart(): Buffer {
  const window = formatNumber(Frame.WINDOW_UPDATE, 0, WIDE - INITIAL_WINDOW)
  return Buffer.concat([PREFACE, formatSettings({ 4: WIDE }), window])
}

/** Field lines as literals that are not indexed (RFC 7541, 6.2.2). */
function formatFields(fields: readonly (readonly [string, string])[]): Buffer {
  const parts: Buffer[] = []
  for (const [name, value] of fields) parts.push(Buffer.from([0]), text(name), text(value))
  return Buffer.concat(parts)
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  return Buffer.concat([integer(bytes.length), bytes])
}

function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value])
  const bytes = [127]
  let rest = value - 127
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  bytes.push(rest)
  return Buffer.from(bytes)
}

/** The fields of a request by its client. */
export function requestFields(
  target = '/',
  method = 'GET',
  further: readonly (readonly [string, string])[] = [],
): (readonly [string, string])[] {
  return [
    [':method', method],
    [':scheme', 'http'],
    [':path', target],
    [':authority', 'taipan.test'],
    ...further,
  ]
}

/** HEADERS and CONTINUATION frames of a request. */
export function formatHead(
  id: number,
  fields: readonly (readonly [string, string])[],
  flags: number = END_STREAM,
): Buffer {
  const block = formatFields(fields)
  const frames: Buffer[] = []
  for (let at = 0; at === 0 || at < block.length; at += FRAME_BYTES) {
    const last = at + FRAME_BYTES >= block.length ? END_HEADERS : 0
    const type = at === 0 ? Frame.HEADERS : Frame.CONTINUATION
    const own = at === 0 ? flags : 0
    frames.push(formatFrame(type, own | last, id, block.subarray(at, at + FRAME_BYTES)))
  }
  return Buffer.concat(frames)
}

/** DATA frames. */
export function formatData(id: number, bytes: Bytes, end: boolean): Buffer {
  const content = toBuffer(bytes)
  const frames: Buffer[] = []
  for (let at = 0; at < content.length; at += FRAME_BYTES)
    frames.push(formatFrame(Frame.DATA, 0, id, content.subarray(at, at + FRAME_BYTES)))
  if (end) frames.push(formatFrame(Frame.DATA, END_STREAM, id))
  return Buffer.concat(frames)
}

/** The last frame of a client that asks for nothing more. */
export function formatGoaway(): Buffer {
  return formatFrame(Frame.GOAWAY, 0, 0, Buffer.alloc(8))
}

/** A frame as it has arrived. */
export interface ReadFrame {
  readonly type: number
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
}

/** The whole frames at the beginning of some bytes. */
export function readFrames(bytes: Buffer): ReadFrame[] {
  const frames: ReadFrame[] = []
  for (let at = 0; at + HEAD_BYTES <= bytes.length;) {
    const end = at + HEAD_BYTES + bytes.readUIntBE(at, 3)
    if (end > bytes.length) break
    const id = bytes.readUInt32BE(at + 5) & WIDE
    const payload = bytes.subarray(at + HEAD_BYTES, end)
    frames.push({ type: bytes.readUInt8(at + 3), flags: bytes.readUInt8(at + 4), id, payload })
    at = end
  }
  return frames
}

/** What a server has answered on stream 1. */
export interface DecodedAnswer {
  readonly status: number
  readonly fields: IncomingHttpHeaders
  readonly body: Buffer
  /** It ended with the stream, and no reset took its place. */
  readonly complete: boolean
}

/** Lets Node's own client read the bytes of a server; undefined without a head on stream 1. */
export async function decodeAnswer(
  bytes: Buffer,
  method: string,
): Promise<DecodedAnswer | undefined> {
  // A client that is told to go before it has asked asks no more.
  const frames = readFrames(bytes).filter(({ type }) => type !== Frame.GOAWAY)
  const wire = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      done()
      if (chunk[3] !== Frame.HEADERS || chunk[8] !== 1) return
      for (const { type, flags, id, payload } of frames)
        wire.push(formatFrame(type, flags, id, payload))
      wire.push(null)
    },
  })
  const session = connect('http://taipan.test', {
    createConnection: () => wire,
    settings: { initialWindowSize: WIDE, enablePush: false },
  })
  session.on('error', () => {})
  session.setLocalWindowSize(WIDE)
  const stream = session.request({ ':method': method, ':path': '/' }, { endStream: true })
  const body: Buffer[] = []
  let fields: IncomingHttpHeaders | undefined
  let status = 0
  let complete = false
  stream.on('error', () => {})
  stream.on('response', (headers) => {
    fields = headers
    status = headers[':status'] ?? 0
  })
  stream.on('data', (chunk: Buffer) => body.push(chunk))
  const closed = new Promise<void>((resolve) => {
    stream.on('end', () => {
      complete = frames.some(isLastOfAnswer)
    })
    stream.on('close', resolve)
  })
  await closed
  session.destroy()
  return fields === undefined ? undefined : { status, fields, body: Buffer.concat(body), complete }
}

function isLastOfAnswer({ type, flags, id }: ReadFrame): boolean {
  const ends = type === Frame.DATA || type === Frame.HEADERS
  return id === 1 && ends && (flags & END_STREAM) !== 0
}
