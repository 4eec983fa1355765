import type { WebSocketChannel } from '../../core/exchange.ts'
import { LOST } from './close-code.ts'

/** A channel for a client that disconnected before the handshake was complete. */
export function createLostChannel(): WebSocketChannel {
  const channel: WebSocketChannel = {
    onDrain: undefined,
    onMessage: undefined,
    onClose: undefined,
    send: () => true,
    request: () => undefined,
    close: () => undefined,
  }
  process.nextTick(() => channel.onClose?.(LOST))
  return channel
}
