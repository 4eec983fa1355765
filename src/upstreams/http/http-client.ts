import type {
  AddressClient,
  Attempt,
  AttemptListener,
  GatewayRequest,
} from '../gateway/address-client.ts'
import { HttpAttempt, type HttpAttemptOptions } from './http-attempt.ts'
import { HttpConnection, type HttpOrigin } from './http-connection.ts'
import { RequestFields } from './request-fields.ts'
import { createUpstreamTarget } from './request-target.ts'
import { rewriteFields, type Rewriting } from './rewriting.ts'
import { WebSocketAttempt } from './web-socket-attempt.ts'
import { WebSocketRelay, type WebSocketEnds } from './web-socket/web-socket-relay.ts'

/** Options of a client. */
export interface HttpClientOptions {
  readonly origin: HttpOrigin
  /** Connections at the same time. */
  readonly connections: number
  /** Value of Host; undefined: that of the client. */
  readonly host: string | undefined
  readonly rewriting: Rewriting
}

/** Sends requests to an HTTP/1.1 server. */
export class HttpClient implements AddressClient {
  readonly slots: number
  readonly #options: HttpClientOptions
  readonly #fields: RequestFields
  /** Without the port that is usual. */
  readonly #origin: string
  /** Open ones; that which was used last is the last one, and is used first. */
  readonly #idle: HttpConnection[] = []
  /** Open WebSockets, which are no requests any more. */
  readonly #relays = new Set<WebSocketRelay>()
  #closed = false

  constructor(options: HttpClientOptions) {
    this.#options = options
    this.slots = options.connections
    const { host: authority, origin } = new URL(options.origin.url)
    this.#origin = origin
    this.#fields = new RequestFields({ host: options.host, authority })
  }

  send(request: GatewayRequest, listener: AttemptListener): Attempt {
    const { rewriting } = this.#options
    const { exchange, invocation } = request
    const { target, prefix } = createUpstreamTarget(exchange.request, invocation)
    const rewrites = rewriting.location || rewriting.cookies
    const options: HttpAttemptOptions = {
      request,
      listener,
      connection: this.#takeConnection(),
      target,
      fields: this.#fields.create(exchange, prefix),
      rewrite: rewrites
        ? (fields) => rewriteFields(fields, rewriting, { origin: this.#origin, prefix })
        : undefined,
      onFree: (connection, reusable) => this.#free(connection, reusable),
    }
    const { webSocket: offer } = exchange
    const attempt =
      offer === undefined
        ? new HttpAttempt(options)
        : new WebSocketAttempt({ ...options, offer, onOpen: (ends) => this.#relay(ends) })
    attempt.start()
    return attempt
  }

  close(): void {
    this.#closed = true
    for (const connection of this.#idle.splice(0)) connection.destroy()
    for (const relay of this.#relays) relay.stop()
  }

  #relay(ends: Omit<WebSocketEnds, 'onClosed'>): void {
    const relay = new WebSocketRelay({ ...ends, onClosed: () => this.#relays.delete(relay) })
    this.#relays.add(relay)
    if (this.#closed) relay.stop()
  }

  #takeConnection(): HttpConnection {
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      if (last.alive) return last
      last.destroy()
    }
    return new HttpConnection(this.#options.origin, (connection) => this.#forget(connection))
  }

  #free(connection: HttpConnection, reusable: boolean): void {
    if (reusable && !this.#closed) this.#idle.push(connection)
    else connection.destroy()
  }

  /** An idle connection was closed. */
  #forget(connection: HttpConnection): void {
    const at = this.#idle.indexOf(connection)
    if (at < 0) return
    this.#idle.splice(at, 1)
    connection.destroy()
  }
}
