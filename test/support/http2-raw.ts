import { connect } from 'node:net'

import { Frame, PREFACE } from './http2-frames.ts'
import { RawConnection, parseAddress, toBuffer, type Bytes } from './raw-client.ts'

const HEAD_BYTES = 9
const INITIAL_WINDOW = 65_535

/** A raw connection that keeps to the windows of the server: DATA frames wait until there is room for them. */
export class Http2RawConnection extends RawConnection {
  #held: Buffer[] = []
  #heldBytes = 0
  /** Bytes of the preface or of the frame that has begun, which go out as they come. */
  #passing = PREFACE.length
  #windows = new Map<number, number>()
  #incoming: Buffer = Buffer.alloc(0)

  constructor(socket: ConstructorParameters<typeof RawConnection>[0]) {
    super(socket)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
  }

  override get unsent(): number {
    return super.unsent + this.#heldBytes
  }

  override send(bytes: Bytes): void {
    const piece = toBuffer(bytes)
    if (piece.length === 0) return
    this.#held.push(piece)
    this.#heldBytes += piece.length
    this.#pump()
  }

  #pump(): void {
    const parts: Buffer[] = []
    for (let first = this.#held[0]; first !== undefined; first = this.#held[0]) {
      if (this.#passing > 0) parts.push(this.#take(first))
      else if (!this.#admit()) break
    }
    if (parts.length > 0) super.send(Buffer.concat(parts))
  }

  #take(first: Buffer): Buffer {
    const part = first.subarray(0, this.#passing)
    if (part.length === first.length) this.#held.shift()
    else this.#held[0] = first.subarray(part.length)
    this.#passing -= part.length
    this.#heldBytes -= part.length
    return part
  }

  /** Lets the next frame begin if its head is there, and room for it. */
  #admit(): boolean {
    while ((this.#held[0]?.length ?? 0) < HEAD_BYTES && this.#held.length > 1)
      this.#held.unshift(Buffer.concat(this.#held.splice(0, 2)))
    const head = this.#held[0]
    if (head === undefined || head.length < HEAD_BYTES) return false
    const length = head.readUIntBE(0, 3)
    if (head.readUInt8(3) === Frame.DATA) {
      const id = head.readUInt32BE(5)
      if (this.#window(0) < length || this.#window(id) < length) return false
      this.#windows.set(0, this.#window(0) - length)
      this.#windows.set(id, this.#window(id) - length)
    }
    this.#passing = HEAD_BYTES + length
    return true
  }

  #window(id: number): number {
    return this.#windows.get(id) ?? INITIAL_WINDOW
  }

  #receive(chunk: Buffer): void {
    this.#incoming = Buffer.concat([this.#incoming, chunk])
    for (;;) {
      const frame = this.#incoming
      if (frame.length < HEAD_BYTES) break
      const end = HEAD_BYTES + frame.readUIntBE(0, 3)
      if (frame.length < end) break
      if (frame.readUInt8(3) === Frame.WINDOW_UPDATE) {
        const id = frame.readUInt32BE(5)
        this.#windows.set(id, this.#window(id) + frame.readUInt32BE(HEAD_BYTES))
      }
      this.#incoming = frame.subarray(end)
    }
    this.#pump()
  }
}

/** Opens a connection for frames of HTTP/2. */
export async function openHttp2(url: string): Promise<Http2RawConnection> {
  const socket = connect({ ...parseAddress(url), allowHalfOpen: true, noDelay: true })
  const connection = new Http2RawConnection(socket)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return connection
}
