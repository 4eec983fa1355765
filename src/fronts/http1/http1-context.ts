import type { Handler } from '../../core/exchange.ts'
import type { LimitedLog } from '../../core/limited-log.ts'
import type { Logger } from '../../core/logger.ts'
import type { Http1Limits } from '../../wire/http1/limits.ts'
import { ResponseEncoder } from '../../wire/http1/response-encoder.ts'
import type { OpenConnections } from '../listening/open-connections.ts'
import { Http2Door } from '../http2/http2-door.ts'
import { WebSockets } from '../web-socket/web-sockets.ts'
import type { WebSocketOptions } from '../web-socket/options.ts'

/** Options for HTTP/1 connections. */
export interface Http1Options {
  readonly handler: Handler
  readonly limits: Http1ConnectionLimits
  readonly webSocket: WebSocketOptions
  /** Value of the Server field if the application sets none; empty: no such field. */
  readonly serverSoftware: string
  /** Connections may speak HTTP/2. */
  readonly http2: boolean
  /** Clients and applications are told the ids of requests; by default they are not. */
  readonly sharesIds?: boolean | undefined
  readonly logger: Logger
  /** Connections and requests that the front itself refuses. */
  readonly refusals: LimitedLog
}

/** Limits for one connection. */
export interface Http1ConnectionLimits extends Http1Limits {
  /** Requests per connection, then it is closed. 0: no limit. */
  readonly requestsPerConnection: number
}

/** Shared by all HTTP/1 connections of a front. */
export class Http1Context {
  readonly handler: Handler
  readonly limits: Http1ConnectionLimits
  readonly logger: Logger
  readonly refusals: LimitedLog
  readonly encoder: ResponseEncoder
  readonly sharesIds: boolean
  readonly webSockets: WebSockets
  readonly connections: OpenConnections
  /** Undefined: HTTP/1 alone. */
  readonly http2: Http2Door | undefined
  /** Number of exchanges so far. */
  exchanges = 0
  /** The server is stopping: connections are not reused. */
  stopping = false

  constructor(options: Http1Options, connections: OpenConnections) {
    const { handler, limits, webSocket, serverSoftware, sharesIds = false, logger } = options
    this.handler = handler
    this.limits = limits
    this.logger = logger
    this.refusals = options.refusals
    this.sharesIds = sharesIds
    this.encoder = new ResponseEncoder(serverSoftware)
    this.webSockets = new WebSockets(webSocket)
    this.connections = connections
    const shared = { connections, webSockets: this.webSockets }
    this.http2 = options.http2 ? new Http2Door(options, shared) : undefined
  }
}
