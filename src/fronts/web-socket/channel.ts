import type { Duplex } from 'node:stream'

import { WebSocket } from 'ws'

import { TaipanError } from '../../core/errors.ts'
import type { WebSocketChannel, WebSocketClose, WebSocketPiece } from '../../core/exchange.ts'
import type { Wait } from '../listening/deadline-sweep.ts'
import { HIGH_WATER } from '../../streams/net/outbox.ts'
import { LOST, toCloseCode, toSendable } from './close-code.ts'
import { FrameOutbox } from './frame-outbox.ts'
import type { FrontSocket } from './front-socket.ts'
import { InflateGate } from './inflate-gate.ts'
import { ReadAhead, type MessageListener } from './read-ahead.ts'
import { TurnTaking } from './turn-taking.ts'

const LEFT = 'the client disconnected without a close'

/** What a channel consists of. */
export interface ChannelParts {
  readonly socket: Duplex
  readonly webSocket: FrontSocket
  /** Called once, after `onClose`, when the connection is closed; `error` if it was aborted, or lost without a close. */
  readonly onClosed: (error: Error | undefined) => void
}

/**
 * A WebSocket of the front, until its connection is closed. `onClose` is called as soon as one side closes, because the
 * client may never read the rest or answer the close.
 */
export class Channel implements WebSocketChannel {
  onDrain: (() => void) | undefined
  onClose: ((close: WebSocketClose) => void) | undefined
  readonly #webSocket: FrontSocket
  readonly #outbox: FrameOutbox
  readonly #incoming = new ReadAhead()
  readonly #turns: TurnTaking
  readonly #gate: InflateGate
  readonly #onClosed: (error: Error | undefined) => void
  /** Our close. */
  #closing: WebSocketClose | undefined
  /** The close that a protocol error of the client causes. */
  #failure: WebSocketClose | undefined
  /** Why it was aborted. */
  #reason: Error | undefined
  /** `onClose` was called. */
  #ended = false
  #blocked = false
  #paused = false
  #awaitingPong = false
  #pings = 0
  #messages = 0

  constructor({ socket, webSocket, onClosed }: ChannelParts) {
    this.#webSocket = webSocket
    this.#onClosed = onClosed
    this.#outbox = new FrameOutbox(socket, webSocket, () => this.#noteProgress())
    this.#turns = new TurnTaking(socket, webSocket, () => !this.#paused)
    this.#gate = new InflateGate(webSocket)
    webSocket.on('message', (data, isBinary) => {
      if (Buffer.isBuffer(data)) this.#receive(data, !isBinary)
    })
    webSocket.on('ping', (data) => this.#outbox.pong(data))
    webSocket.on('pong', () => {
      this.#awaitingPong = false
    })
    webSocket.on('error', (error) => this.#noteFailure(error))
    webSocket.onClosing = (close) => {
      if (this.#closing === undefined) this.#end(close)
    }
    webSocket.on('close', (code, reason) => this.#finish({ code, reason: reason.toString() }))
    socket.once('close', () => this.#gate.giveUp())
    // Both sides have closed: do not wait for the client to close the connection.
    socket.once('finish', () => {
      if (this.#failure === undefined) socket.destroy()
    })
  }

  get onMessage(): MessageListener | undefined {
    return this.#incoming.onMessage
  }

  set onMessage(listener: MessageListener | undefined) {
    this.#incoming.onMessage = listener
  }

  /** Payload bytes sent. */
  get bytes(): number {
    return this.#outbox.bytes
  }

  /** Bytes that the client's connection has not accepted yet. */
  get pending(): number {
    return this.#outbox.pending
  }

  /** Changes when the client has accepted bytes. */
  get progress(): number {
    return this.#outbox.progress
  }

  /** What the connection waits for. While reading is paused no pong can be read, but pings still detect a lost connection. */
  get wait(): Wait {
    if (this.#closing !== undefined || this.#webSocket.readyState !== WebSocket.OPEN) return 'close'
    return this.#awaitingPong && !this.#paused ? 'pong' : 'ping'
  }

  /**
   * Changes when the wait starts again. A client that accepts pending bytes is alive, and its pong or close can come only
   * after them; bytes in kernel buffers prove nothing. A pong also comes after what the client sent before.
   */
  get activity(): number {
    const { wait } = this
    if (wait === 'ping') return this.#pings
    const taken = this.#outbox.pending > 0 ? this.#outbox.progress : 0
    return wait === 'close' ? taken : taken + this.#turns.received + this.#messages
  }

  send(data: Uint8Array, piece: WebSocketPiece): boolean {
    this.#outbox.send(data, piece)
    if (this.#outbox.pending >= HIGH_WATER || this.#outbox.closed) this.#blocked = true
    return !this.#blocked
  }

  request(bytes: number): void {
    this.#incoming.request(bytes)
    if (this.#paused && !this.#incoming.full) this.#setPaused(false)
  }

  close(close: WebSocketClose): void {
    if (this.#closing !== undefined || this.#webSocket.readyState !== WebSocket.OPEN) return
    const closing = toSendable(close)
    this.#closing = closing
    this.#incoming.discard()
    this.#setPaused(false)
    this.#outbox.close(closing)
    // The caller of `accept` may not have set its listeners yet.
    process.nextTick(() => this.#end(closing))
  }

  ping(): void {
    this.#pings += 1
    if (this.#outbox.ping() && !this.#paused) this.#awaitingPong = true
  }

  /** Aborts the connection. */
  terminate(reason: Error): void {
    this.#reason ??= reason
    this.#webSocket.terminate()
  }

  #receive(data: Buffer, isText: boolean): void {
    this.#messages += 1
    if (this.#closing !== undefined) return
    this.#incoming.push(data, isText)
    if (this.#incoming.full) this.#setPaused(true)
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return
    this.#paused = paused
    this.#gate.open = !paused
    if (paused) this.#webSocket.pause()
    else if (!this.#turns.waiting) this.#webSocket.resume()
  }

  #noteProgress(): void {
    if (!this.#blocked || !this.#outbox.low) return
    this.#blocked = false
    this.onDrain?.()
  }

  #noteFailure(error: Error): void {
    if (!this.#gate.gaveUp) this.#failure ??= { code: toCloseCode(error), reason: '' }
  }

  #finish(close: WebSocketClose): void {
    const lost = close.code === LOST.code && !this.#closing && !this.#failure
    this.#end(this.#closing ?? this.#failure ?? close)
    if (lost) this.#reason ??= new TaipanError('CLIENT_DISCONNECTED', LEFT)
    this.#onClosed(this.#reason)
  }

  #end(close: WebSocketClose): void {
    if (this.#ended) return
    this.#ended = true
    this.#incoming.flush()
    this.onClose?.(close)
    this.onClose = undefined
    this.onDrain = undefined
    this.onMessage = undefined
  }
}
