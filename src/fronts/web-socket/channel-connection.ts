import { TaipanError } from '../../core/errors.ts'
import type { WebSocketClose } from '../../core/exchange.ts'
import type { Wait } from '../listening/deadline-sweep.ts'
import type { FrontConnection } from '../listening/open-connections.ts'
import type { Channel } from './channel.ts'

const SILENCE = {
  send: 'the client does not read',
  pong: 'no pong arrived in time',
  close: 'the client did not answer the close',
}
const RESTART: WebSocketClose = { code: 1012, reason: 'service restart' }

/** The connection of a WebSocket; replaces the one of its handshake. */
export class ChannelConnection implements FrontConnection {
  readonly #channel: Channel

  constructor(channel: Channel) {
    this.#channel = channel
  }

  get wait(): Wait {
    return this.#channel.wait
  }

  get activity(): number {
    return this.#channel.activity
  }

  get sending(): boolean {
    return this.#channel.pending > 0
  }

  get sent(): number {
    return this.#channel.progress
  }

  expire(wait: Wait | 'send'): void {
    if (wait === 'ping') this.#channel.ping()
    else if (wait === 'send' || wait === 'pong' || wait === 'close')
      this.destroy(new TaipanError('CLIENT_DISCONNECTED', SILENCE[wait]))
  }

  /** Asks the client to connect again. */
  closeWebSocket(): void {
    this.#channel.close(RESTART)
  }

  /** The connection ends when both sides have closed the WebSocket. */
  shutdown(): void {
    this.closeWebSocket()
  }

  destroy(reason: Error): void {
    this.#channel.terminate(reason)
  }
}
