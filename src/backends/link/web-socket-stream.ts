import type { ErrorCode } from '../../core/errors.ts'
import type { Exchange, WebSocketChannel, WebSocketClose } from '../../core/exchange.ts'
import { FieldBlock } from '../../core/field-block.ts'
import { MESSAGE_COST } from '../../core/message-cost.ts'
import { createResponseHead } from '../../core/response-head.ts'
import type { FrameHead } from '../../wire/frames.ts'
import { FRAME_PAYLOAD_LIMIT, FrameFlag, FrameType } from '../../wire/frames.ts'
import { Stream } from './stream.ts'

const LOST: WebSocketClose = { code: 1006, reason: '' }
const RESTART: WebSocketClose = { code: 1012, reason: 'service restart' }
const FAILED: WebSocketClose = { code: 1011, reason: '' }
const NOTHING = new Uint8Array(0)

/** A WebSocket on an event loop, from its handshake on. If it is denied, it gets an ordinary response. */
export class WebSocketStream extends Stream {
  #channel: WebSocketChannel | undefined
  #accepted: Exchange | undefined
  #closeSent = false
  #closing = false
  #retiring = false
  /** Bytes that the application asked for before the handshake was complete. */
  #pulled = 0

  override onFrame(frame: FrameHead, chunk: Buffer, start: number, end: number): void {
    switch (frame.type) {
      case FrameType.MESSAGE:
        this.#takeMessage(frame, start === end ? NOTHING : chunk.subarray(start, end))
        return
      case FrameType.ACCEPT:
        this.heard = true
        this.#accept(chunk.toString('latin1', start, end))
        return
      case FrameType.CLOSE:
        this.#takeClose(chunk.readUInt16LE(start), chunk.toString('utf8', start + 2, end))
        return
      default:
        super.onFrame(frame, chunk, start, end)
    }
  }

  override giveUp(code: ErrorCode): void {
    if (this.#channel === undefined) super.giveUp(code)
    else this.#close(code === 'STOPPING' ? RESTART : FAILED)
  }

  override retire(): void {
    this.#retiring = true
    this.#close(RESTART)
  }

  override watchClientEnd(): void {}

  protected override takePull(bytes: number): void {
    if (this.#channel === undefined) this.#pulled += bytes
    else this.#channel.request(bytes)
  }

  protected override onClientLeft(): void {
    this.#sendClose(LOST)
    if (this.context.cancelOnDisconnect) super.onClientLeft()
  }

  #accept(text: string): void {
    const { exchange } = this
    if (exchange?.webSocket === undefined) return
    const end = text.indexOf('\r\n')
    if (end < 0) throw new Error('an ACCEPT frame has no subprotocol line')
    this.detach(exchange)
    this.#accepted = exchange
    const answer = { subprotocol: text.slice(0, end), fields: new FieldBlock(text.slice(end + 2)) }
    const channel = exchange.webSocket.accept(answer)
    this.#channel = channel
    channel.onMessage = (data, isText) => this.#sendMessage(data, isText)
    channel.onDrain = () => this.window.release()
    channel.onClose = (close) => this.#onClose(close)
    if (this.#retiring) this.#close(RESTART)
    else if (this.#pulled > 0) channel.request(this.#pulled)
  }

  #takeMessage(frame: FrameHead, data: Uint8Array): void {
    if (this.#channel === undefined) return
    const isText = (frame.flags & FrameFlag.MESSAGE_TEXT) !== 0
    const last = (frame.flags & FrameFlag.MESSAGE_LAST) !== 0
    const cost = data.length + (last ? MESSAGE_COST : 0)
    if (this.#channel.send(data, { isText, last })) this.window.take(cost)
    else this.window.hold(cost)
  }

  #sendMessage(data: Buffer, isText: boolean): void {
    const kind = isText ? FrameFlag.MESSAGE_TEXT : 0
    let at = 0
    for (; data.length - at > FRAME_PAYLOAD_LIMIT; at += FRAME_PAYLOAD_LIMIT)
      this.send(FrameType.MESSAGE, kind, data.subarray(at, at + FRAME_PAYLOAD_LIMIT))
    this.send(FrameType.MESSAGE, kind | FrameFlag.MESSAGE_LAST, at === 0 ? data : data.subarray(at))
  }

  #takeClose(code: number, reason: string): void {
    const { exchange } = this
    if (exchange === undefined) {
      this.#close({ code, reason })
      return
    }
    this.detach(exchange)
    exchange.response.send(createResponseHead(403, ['Content-Length', '0']), NOTHING)
  }

  protected override free(): void {
    this.#close(FAILED)
    super.free()
  }

  #close(close: WebSocketClose): void {
    if (this.#channel === undefined || this.#closing) return
    this.#closing = true
    this.#channel.close(close)
  }

  #onClose(close: WebSocketClose): void {
    this.#closing = true
    const { notes } = this.#accepted ?? this.request.exchange
    notes.python = this.clock.age(performance.now())
    // After a close handshake the client has not disconnected: what it sent before still counts.
    if (close.code === LOST.code) this.onClientLeft()
    else this.#sendClose(close)
  }

  #sendClose({ code, reason }: WebSocketClose): void {
    if (this.#closeSent) return
    this.#closeSent = true
    const text = Buffer.from(reason, 'utf8')
    const payload = Buffer.allocUnsafe(2 + text.length)
    payload.writeUInt16LE(code)
    payload.set(text, 2)
    this.send(FrameType.CLOSE, 0, payload)
  }
}
