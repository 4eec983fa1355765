import { createHash, randomBytes } from 'node:crypto'

import { openRaw, type Address, type Bytes, type RawConnection } from './raw-client.ts'
import { toBuffer } from './raw-client.ts'
import type { RawResponse } from './raw-response.ts'

export const OPCODE = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** A frame as sent. */
export interface RawFrame {
  readonly opcode: number
  readonly last: boolean
  /** The three reserved bits: 4 is compression. */
  readonly reserved: number
  readonly payload: Buffer
}

/** How a frame differs from a valid one. */
export interface FrameShape {
  readonly last?: boolean
  readonly reserved?: number
  readonly masked?: boolean
  /** Announced length instead of the real one. */
  readonly announced?: number
  /** Bytes of the length field, instead of the shortest form. */
  readonly lengthBytes?: 0 | 2 | 8
}

/** Bytes of a client's frame, valid or not. */
export function formatFrame(opcode: number, payload: Bytes = '', shape: FrameShape = {}): Buffer {
  const { last = true, reserved = 0, masked = true } = shape
  const data = typeof payload === 'string' ? Buffer.from(payload, 'utf8') : toBuffer(payload)
  const length = shape.announced ?? data.length
  const size = shape.lengthBytes ?? (length < 126 ? 0 : length < 65_536 ? 2 : 8)
  const field = Buffer.alloc(size)
  if (size === 2) field.writeUInt16BE(length)
  else if (size === 8) field.writeBigUInt64BE(BigInt(length))
  const short = size === 0 ? length : size === 2 ? 126 : 127
  const head = Buffer.from([
    (last ? 0x80 : 0) | (reserved << 4) | opcode,
    (masked ? 0x80 : 0) | short,
  ])
  if (!masked) return Buffer.concat([head, field, data])
  const mask = randomBytes(4)
  const body = Buffer.from(data.map((byte, i) => byte ^ (mask[i & 3] ?? 0)))
  return Buffer.concat([head, field, mask, body])
}

/** Payload of a close frame. */
export function formatClose(code: number, reason: Bytes = ''): Buffer {
  const head = Buffer.alloc(2)
  head.writeUInt16BE(code)
  return Buffer.concat([head, typeof reason === 'string' ? Buffer.from(reason) : reason])
}

/** Differences from the default handshake; undefined omits a line. */
export interface HandshakeShape {
  readonly target?: string
  readonly method?: string
  readonly version?: '1.0' | '1.1'
  readonly key?: string | undefined
  readonly protocolVersion?: string | undefined
  readonly connection?: string | undefined
  readonly upgrade?: string | undefined
  readonly fields?: readonly (readonly [string, string])[]
}

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

/** Bytes of an opening handshake. */
export function formatHandshake(shape: HandshakeShape = {}): Buffer {
  const whole = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    key: KEY,
    protocolVersion: '13',
    ...shape,
  }
  const lines = [`${shape.method ?? 'GET'} ${shape.target ?? '/'} HTTP/${shape.version ?? '1.1'}`]
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined) lines.push(`${name}: ${value}`)
  }
  add('Host', 'taipan.test')
  add('Connection', whole.connection)
  add('Upgrade', whole.upgrade)
  add('Sec-WebSocket-Key', whole.key)
  add('Sec-WebSocket-Version', whole.protocolVersion)
  for (const [name, value] of shape.fields ?? []) add(name, value)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

/** The expected Sec-WebSocket-Accept (RFC 6455, 4.2.2). */
export function acceptKey(key: string = KEY): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** A WebSocket client that sends given bytes only, and answers nothing by itself. */
export class RawWebSocket {
  readonly connection: RawConnection
  readonly answer: RawResponse
  #bytes: Buffer
  #more: Buffer[] = []
  #discarding = false

  constructor(connection: RawConnection, answer: RawResponse) {
    this.connection = connection
    this.answer = answer
    // From here on this reader takes the bytes after the head of the answer.
    this.#bytes = Buffer.from(connection.rest)
    connection.discard()
    connection.socket.prependListener('data', (chunk: Buffer) => {
      if (!this.#discarding) this.#more.push(chunk)
    })
  }

  send(opcode: number, payload: Bytes = '', shape: FrameShape = {}): void {
    this.connection.send(formatFrame(opcode, payload, shape))
  }

  sendText(text: string): void {
    this.send(OPCODE.text, text)
  }

  close(code: number, reason: Bytes = ''): void {
    this.send(OPCODE.close, formatClose(code, reason))
  }

  /** From now on bytes are only counted, in `connection.received`. */
  discard(): void {
    this.#discarding = true
  }

  /** The next frame; rejects when the connection ends before it. */
  async readFrame(): Promise<RawFrame> {
    let frame: RawFrame | undefined
    await this.connection.waitUntil(() => {
      frame ??= this.#take()
      return frame !== undefined || this.connection.ended
    }, 'a frame')
    frame ??= this.#take()
    if (frame === undefined) throw new Error('the connection ended before a frame')
    return frame
  }

  /** The next frame, if it has arrived. */
  readAtOnce(): RawFrame | undefined {
    return this.#take()
  }

  /** The next whole message; `onControl` gets control frames before and inside it. */
  async readMessage(onControl: (frame: RawFrame) => void = () => {}): Promise<RawFrame> {
    const parts: Buffer[] = []
    let opcode = 0
    for (;;) {
      const frame = await this.readFrame()
      if (frame.opcode >= 8) {
        onControl(frame)
        if (frame.opcode === OPCODE.close) throw new Error(`closed: ${describeClose(frame)}`)
        continue
      }
      if (parts.length === 0) opcode = frame.opcode
      else if (frame.opcode !== OPCODE.more) throw new Error('a message inside of a message')
      parts.push(frame.payload)
      if (frame.last) return { ...frame, opcode, payload: Buffer.concat(parts) }
    }
  }

  /** The server's close, after other frames: `1000`, `1000 reason`, or empty without a code. */
  async readClose(): Promise<string> {
    for (;;) {
      const frame = await this.readFrame()
      if (frame.opcode === OPCODE.close) return describeClose(frame)
    }
  }

  [Symbol.dispose](): void {
    this.connection[Symbol.dispose]()
  }

  #take(): RawFrame | undefined {
    let parsed = parseFrame(this.#bytes)
    if (parsed === undefined && this.#more.length > 0) {
      this.#bytes = Buffer.concat([this.#bytes, ...this.#more])
      this.#more = []
      parsed = parseFrame(this.#bytes)
    }
    if (parsed === undefined) return undefined
    this.#bytes = this.#bytes.subarray(parsed.used)
    return parsed.frame
  }
}

function parseFrame(bytes: Buffer): { frame: RawFrame; used: number } | undefined {
  if (bytes.length < 2) return undefined
  const [first = 0, second = 0] = bytes
  if ((second & 0x80) !== 0) throw new Error('a server frame is masked')
  let at = 2
  let length = second & 0x7f
  if (length === 126) {
    if (bytes.length < 4) return undefined
    length = bytes.readUInt16BE(2)
    at = 4
    if (length < 126) throw new Error('a length is not in its shortest form')
  } else if (length === 127) {
    if (bytes.length < 10) return undefined
    length = Number(bytes.readBigUInt64BE(2))
    at = 10
    if (length < 65_536) throw new Error('a length is not in its shortest form')
  }
  if (bytes.length < at + length) return undefined
  const frame = {
    opcode: first & 0x0f,
    last: (first & 0x80) !== 0,
    reserved: (first >> 4) & 7,
    payload: bytes.subarray(at, at + length),
  }
  return { frame, used: at + length }
}

function describeClose({ payload }: RawFrame): string {
  if (payload.length === 0) return ''
  const reason = payload.toString('utf8', 2)
  return reason === '' ? String(payload.readUInt16BE()) : `${payload.readUInt16BE()} ${reason}`
}

/** Opens a WebSocket; rejects when the answer is not 101. */
export async function openWebSocket(
  address: Address,
  shape: HandshakeShape = {},
): Promise<RawWebSocket> {
  const connection = await openRaw(address)
  connection.send(formatHandshake(shape))
  return await finishHandshake(connection)
}

/** Reads the answer to a handshake that was sent. */
export async function finishHandshake(connection: RawConnection): Promise<RawWebSocket> {
  const answer = await connection.readResponse()
  if (answer.status !== 101) throw new Error(`answered ${answer.status}: ${answer.text}`)
  if (answer.headers('sec-websocket-accept').join() !== acceptKey())
    throw new Error('the answer proves nothing')
  return new RawWebSocket(connection, answer)
}
