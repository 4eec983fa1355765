import type { Duplex } from 'node:stream'

import { WebSocket } from 'ws'

import type { WebSocketClose, WebSocketPiece } from '../../core/exchange.ts'
import { HIGH_WATER } from '../../streams/net/outbox.ts'
import { toSendable } from './close-code.ts'

const LOW_WATER = HIGH_WATER / 2
/** Longest frame: progress is visible and control frames can be sent between frames. */
const FRAME_BYTES = 262_144
/** Pending bytes from which only the last pong is kept (RFC 6455, 5.5.3), for clients that send pings and do not read. */
const PONG_WATER = HIGH_WATER * 2
/** Shortest message that is compressed. */
const COMPRESSED_BYTES = 1024
const EMPTY = Buffer.alloc(0)

interface Piece extends WebSocketPiece {
  readonly data: Uint8Array
}

/** Output queue of a WebSocket: `ws` gets little at a time, and what is sent in one tick leaves in one system call. */
export class FrameOutbox {
  /** Increases when the client's connection accepts bytes. */
  progress = 0
  /** Payload bytes of all messages. */
  bytes = 0
  readonly #socket: Duplex
  readonly #webSocket: WebSocket
  readonly #onProgress: () => void
  readonly #written = (): void => this.#noteWritten()
  readonly #release = (): void => this.#uncork()
  #queue: Piece[] = []
  #queued = 0
  #within = false
  #compress = false
  #corked = false
  #pong: Buffer | undefined
  #close: WebSocketClose | undefined

  constructor(socket: Duplex, webSocket: WebSocket, onProgress: () => void) {
    this.#socket = socket
    this.#webSocket = webSocket
    this.#onProgress = onProgress
  }

  /** Bytes that the connection has not accepted yet. */
  get pending(): number {
    return this.#queued + this.#webSocket.bufferedAmount
  }

  /** `pending` is low enough for a blocked writer to continue. */
  get low(): boolean {
    return this.pending <= LOW_WATER && !this.closed
  }

  /** Nothing more is accepted. */
  get closed(): boolean {
    return this.#close !== undefined || this.#webSocket.readyState !== WebSocket.OPEN
  }

  get #full(): boolean {
    return this.#webSocket.bufferedAmount >= HIGH_WATER
  }

  /** Sends a message or a part of one. The bytes must not change afterwards. */
  send(data: Uint8Array, piece: WebSocketPiece): void {
    if (this.closed) return
    this.bytes += data.length
    if (this.#queue.length === 0 && data.length <= FRAME_BYTES && !this.#full) {
      this.#write(data, piece)
      return
    }
    this.#queue.push({ data, isText: piece.isText, last: piece.last })
    this.#queued += data.length
    this.#pump()
  }

  /** Sends a ping; false if too much is pending. */
  ping(): boolean {
    if (this.#webSocket.readyState !== WebSocket.OPEN || this.#full) return false
    this.#webSocket.ping(EMPTY, false, this.#written)
    return true
  }

  pong(data: Buffer): void {
    if (this.#webSocket.readyState !== WebSocket.OPEN) return
    if (this.#webSocket.bufferedAmount >= PONG_WATER) {
      this.#pong = Buffer.from(data)
      return
    }
    this.#cork()
    this.#webSocket.pong(data, false, this.#written)
  }

  /** Starts the closing handshake after what is queued. */
  close(close: WebSocketClose): void {
    this.#close ??= toSendable(close)
    this.#pump()
  }

  #pump(): void {
    if (this.#webSocket.readyState !== WebSocket.OPEN) {
      this.#queue = []
      this.#queued = 0
      return
    }
    if (this.#pong !== undefined && !this.#full) {
      this.#webSocket.pong(this.#pong, false, this.#written)
      this.#pong = undefined
    }
    while (this.#queue.length > 0 && !this.#full) this.#moveOne()
    if (this.#queue.length === 0 && this.#close !== undefined)
      this.#webSocket.close(this.#close.code, this.#close.reason)
  }

  #moveOne(): void {
    const first = this.#queue[0]
    if (first === undefined) return
    const { data, isText, last } = first
    const whole = data.length <= FRAME_BYTES
    if (whole) this.#queue.shift()
    else this.#queue[0] = { data: data.subarray(FRAME_BYTES), isText, last }
    const frame = whole ? data : data.subarray(0, FRAME_BYTES)
    this.#queued -= frame.length
    this.#write(frame, { isText, last: last && whole })
  }

  #write(data: Uint8Array, { isText, last }: WebSocketPiece): void {
    if (!this.#within) this.#compress = !last || data.length >= COMPRESSED_BYTES
    this.#within = !last
    this.#cork()
    const options = { binary: !isText, fin: last, compress: this.#compress }
    this.#webSocket.send(data, options, this.#written)
  }

  #cork(): void {
    if (this.#corked) return
    this.#corked = true
    this.#socket.cork()
    process.nextTick(this.#release)
  }

  #uncork(): void {
    this.#corked = false
    this.#socket.uncork()
  }

  #noteWritten(): void {
    this.progress += 1
    this.#pump()
    this.#onProgress()
  }
}
