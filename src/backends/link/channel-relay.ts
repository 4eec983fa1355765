import type { Exchange, WebSocketChannel, WebSocketClose } from '../../core/exchange.ts'
import { FieldBlock } from '../../core/field-block.ts'
import { MESSAGE_COST } from '../../core/message-cost.ts'
import type { FrameHead } from '../../wire/frames.ts'
import { FRAME_PAYLOAD_LIMIT, FrameFlag, FrameType } from '../../wire/frames.ts'
import type { ServiceClock } from './service-clock.ts'
import type { StreamWindow } from './stream-window.ts'

/** The connection was lost. */
export const LOST: WebSocketClose = { code: 1006, reason: '' }
/** The worker ends, and another one takes its place. */
export const RESTART: WebSocketClose = { code: 1012, reason: 'service restart' }
/** The worker has not closed it, and can do so no more. */
export const FAILED: WebSocketClose = { code: 1011, reason: '' }

const NOTHING = new Uint8Array(0)

/** What the relay of a WebSocket needs from its link. */
export interface ChannelRelayParts {
  readonly exchange: Exchange
  readonly clock: ServiceClock
  readonly window: StreamWindow
  /** Sends a frame about it to the worker. */
  readonly send: (type: number, flags: number, payload: Uint8Array) => void
  /** The client has disconnected without a close handshake. */
  readonly onLost: () => void
}

/** Relays a WebSocket after its handshake: frames of a worker to the client, and its messages to the worker as it asks for them. */
export class ChannelRelay {
  readonly #parts: ChannelRelayParts
  readonly #channel: WebSocketChannel
  #closing = false
  #closeSent = false

  /** Completes the handshake by an ACCEPT frame. Throws for an invalid one. */
  constructor(text: string, parts: ChannelRelayParts) {
    const { exchange } = parts
    const end = text.indexOf('\r\n')
    if (end < 0) throw new Error('an ACCEPT frame has no subprotocol line')
    if (exchange.webSocket === undefined) throw new Error('an ACCEPT frame without a handshake')
    const answer = { subprotocol: text.slice(0, end), fields: new FieldBlock(text.slice(end + 2)) }
    this.#parts = parts
    const channel = exchange.webSocket.accept(answer)
    this.#channel = channel
    channel.onMessage = (data, isText) => this.#sendMessage(data, isText)
    channel.onDrain = () => parts.window.release()
    channel.onClose = (close) => this.#onClose(close)
  }

  /** A MESSAGE frame of the worker. */
  takeMessage(frame: FrameHead, chunk: Buffer, start: number, end: number): void {
    const data = start === end ? NOTHING : chunk.subarray(start, end)
    const isText = (frame.flags & FrameFlag.MESSAGE_TEXT) !== 0
    const last = (frame.flags & FrameFlag.MESSAGE_LAST) !== 0
    const cost = data.length + (last ? MESSAGE_COST : 0)
    const { window } = this.#parts
    if (this.#channel.send(data, { isText, last })) window.take(cost)
    else window.hold(cost)
  }

  /** The worker takes that many more bytes of messages. */
  request(bytes: number): void {
    this.#channel.request(bytes)
  }

  close(close: WebSocketClose): void {
    if (this.#closing) return
    this.#closing = true
    this.#channel.close(close)
  }

  /** Tells the worker once that it is closed. */
  tellClose({ code, reason }: WebSocketClose): void {
    if (this.#closeSent) return
    this.#closeSent = true
    const text = Buffer.from(reason, 'utf8')
    const payload = Buffer.allocUnsafe(2 + text.length)
    payload.writeUInt16LE(code)
    payload.set(text, 2)
    this.#parts.send(FrameType.CLOSE, 0, payload)
  }

  /** The worker wants to hear nothing more of it. */
  forget(): void {
    this.#closeSent = true
    this.#channel.onMessage = undefined
  }

  #sendMessage(data: Buffer, isText: boolean): void {
    const { send } = this.#parts
    const kind = isText ? FrameFlag.MESSAGE_TEXT : 0
    let at = 0
    for (; data.length - at > FRAME_PAYLOAD_LIMIT; at += FRAME_PAYLOAD_LIMIT)
      send(FrameType.MESSAGE, kind, data.subarray(at, at + FRAME_PAYLOAD_LIMIT))
    send(FrameType.MESSAGE, kind | FrameFlag.MESSAGE_LAST, at === 0 ? data : data.subarray(at))
  }

  #onClose(close: WebSocketClose): void {
    this.#closing = true
    const { exchange, clock, onLost } = this.#parts
    exchange.notes.python = clock.age(performance.now())
    // After a close handshake the client has not disconnected: what it sent before still counts.
    if (close.code === LOST.code) onLost()
    else this.tellClose(close)
  }
}

/** The code and the reason of a CLOSE frame. */
export function parseClose(chunk: Buffer, start: number, end: number): WebSocketClose {
  return { code: chunk.readUInt16LE(start), reason: chunk.toString('utf8', start + 2, end) }
}
