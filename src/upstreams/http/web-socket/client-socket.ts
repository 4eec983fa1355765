import type { Duplex } from 'node:stream'

import { WebSocket } from 'ws'

import type { WebSocketClose } from '../../../core/exchange.ts'

const NO_CODE = 1005
const NOTHING = Buffer.alloc(0)
const CLOSE_TIMEOUT_MS = 5000
/** Longest message of an upstream, and most frames and chunks that it may consist of. */
const LIMITS = { maxPayload: 64 << 20, maxFragments: 65_536, maxBufferedChunks: 65_536 }

/** The client's end of a WebSocket. It answers pings. */
export class ClientSocket extends WebSocket {
  /** Called after the last message when the other side closes. */
  onClosing: ((close: WebSocketClose) => void) | undefined

  // `ws` calls this to answer a close.
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason)
    this.onClosing?.({ code: code ?? NO_CODE, reason: reason?.toString() ?? '' })
  }
}

/**
 * Makes the client's end over a connection whose handshake is over; `ws` itself only makes those that it has shaken hands for.
 * The only place that uses undocumented parts of `ws` here, with a test. Throws if this version of `ws` works differently.
 */
export function createClientSocket(socket: Duplex): ClientSocket {
  const options = { autoPong: true, closeTimeout: CLOSE_TIMEOUT_MS }
  const webSocket: unknown = Reflect.construct(ClientSocket, [null, undefined, options])
  const setSocket: unknown = Reflect.get(ClientSocket.prototype, 'setSocket')
  if (!(webSocket instanceof ClientSocket) || typeof setSocket !== 'function')
    throw new Error('this version of ws takes no connections')
  Reflect.set(webSocket, '_isServer', false)
  Reflect.apply(setSocket, webSocket, [socket, NOTHING, LIMITS])
  return webSocket
}
