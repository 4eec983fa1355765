import type { Handler } from '../../core/exchange.ts'
import type { LimitedLog } from '../../core/limited-log.ts'
import type { Logger } from '../../core/logger.ts'
import type { Http1Limits } from '../../wire/http1/limits.ts'
import { ResponseEncoder } from '../../wire/http1/response-encoder.ts'
import { Http2ResponseEncoder } from '../../wire/http2/response-encoder.ts'
import type { OpenConnections } from '../listening/open-connections.ts'
import type { WebSockets } from '../web-socket/web-sockets.ts'
import { WaitingBytes } from './waiting-bytes.ts'

/** Limits for one connection. */
export interface Http2Limits extends Http1Limits {
  /** Requests per connection, then the client is told to open another one. 0: no limit. */
  readonly requestsPerConnection: number
}

/** Options for HTTP/2 connections. */
export interface Http2Options {
  readonly handler: Handler
  readonly limits: Http2Limits
  /** Value of the Server field if the application sets none; empty: no such field. */
  readonly serverSoftware: string
  /** Clients and applications are told the ids of requests; by default they are not. */
  readonly sharesIds?: boolean | undefined
  readonly logger: Logger
  /** Connections and requests that the front itself refuses. */
  readonly refusals: LimitedLog
}

/** What HTTP/2 shares with the HTTP/1 of its front. */
export interface SharedHttp {
  readonly connections: OpenConnections
  readonly webSockets: WebSockets
}

/** Shared by all HTTP/2 connections of a front. */
export class Http2Context {
  readonly handler: Handler
  readonly limits: Http2Limits
  readonly logger: Logger
  readonly refusals: LimitedLog
  readonly encoder: Http2ResponseEncoder
  readonly sharesIds: boolean
  /** For the answers to handshakes. */
  readonly headEncoder: ResponseEncoder
  readonly webSockets: WebSockets
  readonly connections: OpenConnections
  readonly waiting = new WaitingBytes()
  /** Number of exchanges so far. */
  exchanges = 0
  /** The server is stopping: connections are not reused. */
  stopping = false

  constructor(options: Http2Options, { connections, webSockets }: SharedHttp) {
    const { handler, limits, serverSoftware, sharesIds = false, logger } = options
    this.handler = handler
    this.limits = limits
    this.logger = logger
    this.refusals = options.refusals
    this.sharesIds = sharesIds
    this.encoder = new Http2ResponseEncoder(serverSoftware)
    this.headEncoder = new ResponseEncoder(serverSoftware)
    this.webSockets = webSockets
    this.connections = connections
  }
}
