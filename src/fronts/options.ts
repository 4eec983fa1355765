import type { Handler } from '../core/exchange.ts'
import type { LimitedLog } from '../core/limited-log.ts'
import type { Logger } from '../core/logger.ts'
import type { Http1Limits } from '../wire/http1/limits.ts'
import type { ListenAddress } from '../streams/listening/addresses.ts'
import type { Handshakes } from '../streams/tls/handshakes.ts'
import type { WebSocketOptions } from './web-socket/options.ts'

/** Limits for clients. */
export interface FrontLimits extends Http1Limits {
  /** Simultaneous connections; more are answered with 503. 0: no limit. */
  readonly connections: number
  /** Requests per connection, then it is closed. 0: no limit. */
  readonly requestsPerConnection: number
}

/** Timeouts for clients, in ms; 0: no limit. */
export interface FrontTimeouts {
  /** From the connection, or the first byte of a later request, until the head is complete; then 408. */
  readonly header: number
  /** Without a byte of a body that is being read; then 408, or an error of the body if a response has begun. */
  readonly body: number
  /** Between two requests; then the connection is closed. */
  readonly idle: number
  /** Without the client accepting a byte of the response; then the connection is aborted. */
  readonly send: number
  /** From `stop` until running exchanges are aborted. */
  readonly shutdown: number
}

/** Options of a front. */
export interface FrontOptions {
  readonly addresses: readonly ListenAddress[]
  /** For https addresses; undefined: there are none. */
  readonly handshakes?: Handshakes | undefined
  readonly handler: Handler
  readonly limits: FrontLimits
  readonly timeouts: FrontTimeouts
  readonly webSocket: WebSocketOptions
  /** Connections may speak HTTP/2. */
  readonly http2: boolean
  /** Value of the Server field if the application sets none; empty: no such field. */
  readonly serverSoftware: string
  /** Clients and applications are told the ids of requests, by X-Request-Id; by default they are not. */
  readonly sharesIds?: boolean | undefined
  readonly logger: Logger
}

/** Options of what a front consists of. */
export interface FrontPartOptions extends FrontOptions {
  /** Connections and requests that the front itself refuses. */
  readonly refusals: LimitedLog
}
