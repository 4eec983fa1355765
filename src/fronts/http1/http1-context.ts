import type { Handler } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'
import type { Http1Limits } from '../../wire/http1/limits.ts'
import { ResponseEncoder } from '../../wire/http1/response-encoder.ts'
import { WebSockets } from '../web-socket/web-sockets.ts'
import type { WebSocketOptions } from '../options.ts'

/** What HTTP/1 connections have to know of their front. */
export interface Http1Options {
  readonly handler: Handler
  readonly limits: Http1ConnectionLimits
  readonly webSocket: WebSocketOptions
  /** Value of the Server field where the application gives none; empty for no such field. */
  readonly serverSoftware: string
  readonly logger: Logger
}

/** What one connection may ask for. */
export interface Http1ConnectionLimits extends Http1Limits {
  /** Requests answered before it is closed. 0 sets no limit. */
  readonly requestsPerConnection: number
}

/** What all HTTP/1 connections of one front share. */
export class Http1Context {
  readonly handler: Handler
  readonly limits: Http1ConnectionLimits
  readonly logger: Logger
  readonly encoder: ResponseEncoder
  readonly webSockets: WebSockets
  /** How many exchanges there have been. */
  exchanges = 0
  /** Connections are not kept for another request any more. */
  stopping = false

  constructor({ handler, limits, webSocket, serverSoftware, logger }: Http1Options) {
    this.handler = handler
    this.limits = limits
    this.logger = logger
    this.encoder = new ResponseEncoder(serverSoftware)
    this.webSockets = new WebSockets(webSocket)
  }
}
