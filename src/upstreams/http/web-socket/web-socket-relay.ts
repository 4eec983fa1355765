import type { WebSocket } from 'ws'

import type { WebSocketChannel, WebSocketClose } from '../../../core/exchange.ts'
import { MESSAGE_COST } from '../../../core/message-cost.ts'

/** Bytes of messages that may be on their way to an upstream that does not read them. */
const WINDOW = 65_536
const NORMAL: WebSocketClose = { code: 1000, reason: '' }
/** The connection to the upstream was lost, or it broke the protocol. */
const FAILED: WebSocketClose = { code: 1011, reason: '' }
const RESTART: WebSocketClose = { code: 1012, reason: 'service restart' }
const NO_CODE = 1005
const LOST_CODE = 1006

/** The two ends of a WebSocket that passes through. */
export interface WebSocketEnds {
  /** Towards the client. */
  readonly channel: WebSocketChannel
  /** Towards the upstream. */
  readonly webSocket: WebSocket
  /** Called once, when the connection to the upstream is closed. */
  readonly onClosed: () => void
}

/** Passes messages and closes on, both ways. Who does not read holds back who sends. */
export class WebSocketRelay {
  readonly #channel: WebSocketChannel
  readonly #webSocket: WebSocket
  #closed = false

  constructor({ channel, webSocket, onClosed }: WebSocketEnds) {
    this.#channel = channel
    this.#webSocket = webSocket
    webSocket.on('message', (data, isBinary) => {
      if (Buffer.isBuffer(data)) this.#sendDown(data, !isBinary)
    })
    webSocket.on('error', () => this.#closeChannel(FAILED))
    webSocket.on('close', (code, reason) => {
      this.#closeChannel({ code, reason: reason.toString() })
      onClosed()
    })
    channel.onDrain = () => webSocket.resume()
    channel.onMessage = (data, isText) => this.#sendUp(data, isText)
    channel.onClose = (close) => this.#closeUpstream(close)
    channel.request(WINDOW)
  }

  /** Closes both ends, because the server stops. */
  stop(): void {
    this.#closeChannel(RESTART)
    this.#closeUpstream({ code: 1001, reason: '' })
  }

  #sendDown(data: Buffer, isText: boolean): void {
    if (!this.#channel.send(data, { isText, last: true })) this.#webSocket.pause()
  }

  #sendUp(data: Buffer, isText: boolean): void {
    this.#webSocket.send(data, { binary: !isText }, (error) => {
      if (error === undefined || error === null) this.#channel.request(data.length + MESSAGE_COST)
    })
  }

  #closeChannel({ code, reason }: WebSocketClose): void {
    if (this.#closed) return
    this.#closed = true
    if (code === NO_CODE) this.#channel.close(NORMAL)
    else this.#channel.close(code === LOST_CODE ? FAILED : { code, reason })
  }

  #closeUpstream({ code, reason }: WebSocketClose): void {
    this.#closed = true
    const webSocket = this.#webSocket
    // What it sends until it answers the close concerns nobody, but has to be read.
    webSocket.resume()
    if (code === LOST_CODE) webSocket.terminate()
    else if (code === NO_CODE) webSocket.close()
    else webSocket.close(code, reason)
  }
}
