import type { WebSocketOptions } from '../../src/fronts/web-socket/options.ts'

/** Default options for WebSockets, with changes. */
export function webSocketOptions(changes: Partial<WebSocketOptions> = {}): WebSocketOptions {
  return {
    message: 1024 * 1024,
    compression: true,
    pingInterval: 0,
    pingTimeout: 20_000,
    closeTimeout: 2000,
    origins: [],
    ...changes,
  }
}
