/** Options for WebSockets. Sizes in bytes, durations in ms. */
export interface WebSocketOptions {
  /** Longest message, after decompression; a longer one closes the WebSocket with 1009. 0: the most that is possible, 2 GiB. */
  readonly message: number
  /** Negotiate permessage-deflate. */
  readonly compression: boolean
  /** Time between pings; 0: no pings. */
  readonly pingInterval: number
  /** Longest time until a pong; then the connection is aborted. */
  readonly pingTimeout: number
  /** Longest time until the client answers a close; then the connection is aborted. */
  readonly closeTimeout: number
  /** Origins whose pages may open WebSockets; empty: any. */
  readonly origins: readonly string[]
}
