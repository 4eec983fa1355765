import type { Handler } from '../core/exchange.ts'
import type { Logger } from '../core/logger.ts'
import type { Http1Limits } from '../wire/http1/limits.ts'
import type { ListenAddress } from './listening/addresses.ts'

/** What clients may ask for. */
export interface HttpLimits extends Http1Limits {
  /** Connections at the same time; more are answered 503. 0 sets no limit. */
  readonly connections: number
  /** Requests answered on one connection before it is closed. 0 sets no limit. */
  readonly requestsPerConnection: number
}

/** How long clients may take, in ms; 0 waits for ever. */
export interface HttpTimeouts {
  /** From the connection, or the first byte of a later request, to its whole head; then 408. */
  readonly header: number
  /** Without a byte of a body that is being read; then 408, or an error of the body once a response began. */
  readonly body: number
  /** Between two requests; then the connection is closed. */
  readonly idle: number
  /** Without a byte of the response being taken; then the connection is cut. */
  readonly send: number
  /** From `stop` until running exchanges are cut. */
  readonly shutdown: number
}

/** How WebSockets are kept. Sizes in bytes, durations in ms. */
export interface WebSocketOptions {
  /** Longest message, after decompression; a longer one closes the socket with 1009. 0 is as much as can be counted, 2 GiB. */
  readonly message: number
  /** Whether permessage-deflate is negotiated. */
  readonly compression: boolean
  /** A ping goes out each time so long has passed; 0 sends none. */
  readonly pingInterval: number
  /** How long a pong may take; then the connection is cut. */
  readonly pingTimeout: number
  /** How long a client may take to follow a close; then the connection is cut. */
  readonly closeTimeout: number
  /** Values of Origin that may open a socket; empty allows any. */
  readonly origins: readonly string[]
}

/** Everything an HTTP front needs. */
export interface HttpFrontOptions {
  readonly addresses: readonly ListenAddress[]
  readonly handler: Handler
  readonly limits: HttpLimits
  readonly timeouts: HttpTimeouts
  readonly webSocket: WebSocketOptions
  /** Value of the Server field where the application gives none; empty for no such field. */
  readonly serverSoftware: string
  readonly logger: Logger
}
