import type { ErrorCode } from '../../core/errors.ts'
import type { WebSocketClose } from '../../core/exchange.ts'
import { createResponseHead } from '../../core/response-head.ts'
import type { FrameHead } from '../../wire/frames.ts'
import { FrameType } from '../../wire/frames.ts'
import { ChannelRelay, FAILED, LOST, parseClose, RESTART } from './channel-relay.ts'
import { Stream } from './stream.ts'

const NOTHING = new Uint8Array(0)

/** A WebSocket on an event loop, from its handshake on. If it is denied, it gets an ordinary response. */
export class WebSocketStream extends Stream {
  #relay: ChannelRelay | undefined
  #retiring = false
  /** Bytes that the application asked for before the handshake was complete. */
  #pulled = 0

  override onFrame(frame: FrameHead, chunk: Buffer, start: number, end: number): void {
    switch (frame.type) {
      case FrameType.MESSAGE:
        this.#relay?.takeMessage(frame, chunk, start, end)
        return
      case FrameType.ACCEPT:
        this.heard = true
        this.#accept(chunk.toString('latin1', start, end))
        return
      case FrameType.CLOSE:
        this.#takeClose(parseClose(chunk, start, end))
        return
      default:
        super.onFrame(frame, chunk, start, end)
    }
  }

  override giveUp(code: ErrorCode): void {
    if (this.#relay === undefined) super.giveUp(code)
    else this.#relay.close(code === 'STOPPING' ? RESTART : FAILED)
  }

  override retire(): void {
    this.#retiring = true
    this.#relay?.close(RESTART)
  }

  override watchClientEnd(): void {}

  protected override takePull(bytes: number): void {
    if (this.#relay === undefined) this.#pulled += bytes
    else this.#relay.request(bytes)
  }

  protected override onClientLeft(): void {
    this.#relay?.tellClose(LOST)
    if (this.context.cancelOnDisconnect) super.onClientLeft()
  }

  protected override free(): void {
    this.#relay?.close(FAILED)
    super.free()
  }

  #accept(text: string): void {
    const { exchange, clock, window } = this
    if (exchange?.webSocket === undefined) return
    this.detach(exchange)
    this.#relay = new ChannelRelay(text, {
      exchange,
      clock,
      window,
      send: (type, flags, payload) => this.send(type, flags, payload),
      onLost: () => this.onClientLeft(),
    })
    if (this.#retiring) this.#relay.close(RESTART)
    else if (this.#pulled > 0) this.#relay.request(this.#pulled)
  }

  #takeClose(close: WebSocketClose): void {
    const { exchange } = this
    if (exchange === undefined) {
      this.#relay?.close(close)
      return
    }
    this.detach(exchange)
    exchange.response.send(createResponseHead(403, ['Content-Length', '0']), NOTHING)
  }
}
