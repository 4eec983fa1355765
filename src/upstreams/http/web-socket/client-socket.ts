import type { Duplex } from 'node:stream'

import { WebSocket } from 'ws'

const NOTHING = Buffer.alloc(0)
const CLOSE_TIMEOUT_MS = 5000
/** Longest message of an upstream, and most frames and chunks that it may consist of. */
const LIMITS = { maxPayload: 64 << 20, maxFragments: 65_536, maxBufferedChunks: 65_536 }

/**
 * Makes the client's end of a WebSocket over a connection whose handshake is over; `ws` itself only makes those that it has
 * shaken hands for. The only place that uses undocumented parts of `ws` here, with a test. Throws if this version of `ws`
 * works differently.
 */
export function createClientSocket(socket: Duplex): WebSocket {
  const options = { autoPong: true, closeTimeout: CLOSE_TIMEOUT_MS }
  const webSocket: unknown = Reflect.construct(WebSocket, [null, undefined, options])
  const setSocket: unknown = Reflect.get(WebSocket.prototype, 'setSocket')
  if (!(webSocket instanceof WebSocket) || typeof setSocket !== 'function')
    throw new Error('this version of ws takes no connections')
  // Clients mask what they send.
  Reflect.set(webSocket, '_isServer', false)
  Reflect.apply(setSocket, webSocket, [socket, NOTHING, LIMITS])
  return webSocket
}
