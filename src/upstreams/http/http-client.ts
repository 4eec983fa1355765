import type { Exchange } from '../../core/exchange.ts'
import type {
  AddressClient,
  Attempt,
  AttemptListener,
  GatewayRequest,
} from '../gateway/address-client.ts'
import { KeptConnections } from '../connections/kept-connections.ts'
import { UnheardAttempts } from '../connections/unheard-attempts.ts'
import type { NamedFile } from '../responses/named-file.ts'
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
  /** Sends a file that an answer names; undefined: the client gets its name. */
  readonly onNamedFile: ((exchange: Exchange, file: NamedFile) => void) | undefined
}

/** Sends requests to an HTTP/1.1 server. */
export class HttpClient implements AddressClient {
  readonly slots: number
  readonly #options: HttpClientOptions
  readonly #fields: RequestFields
  /** Without the port that is usual. */
  readonly #origin: string
  readonly #unheard: UnheardAttempts
  readonly #kept = new KeptConnections<HttpConnection>((now) => this.#unheard.countStarving(now))
  #active = 0
  /** Open WebSockets, which are no requests any more. */
  readonly #relays = new Set<WebSocketRelay>()
  #closed = false

  constructor(options: HttpClientOptions) {
    this.#options = options
    this.slots = options.connections
    this.#unheard = new UnheardAttempts(JSON.stringify(options.origin.place))
    const { host: authority, origin } = new URL(options.origin.url)
    this.#origin = origin
    this.#fields = new RequestFields({ host: options.host, authority })
  }

  send(request: GatewayRequest, listener: AttemptListener): Attempt {
    const { rewriting, onNamedFile } = this.#options
    const { exchange, invocation } = request
    const { target, prefix } = createUpstreamTarget(exchange.request, invocation)
    const rewrites = rewriting.location || rewriting.cookies
    this.#active += 1
    const kept = request.wasLate === true ? undefined : this.#takeKept()
    const options: HttpAttemptOptions = {
      request,
      listener,
      connection: kept ?? this.#open(),
      target,
      fields: this.#fields.create(exchange, prefix),
      rewrite: rewrites
        ? (fields) => rewriteFields(fields, rewriting, { origin: this.#origin, prefix })
        : undefined,
      onNamedFile: onNamedFile && ((file) => onNamedFile(exchange, file)),
      onFree: (connection, reusable) => {
        this.#active -= 1
        this.#unheard.delete(attempt)
        this.#free(connection, reusable)
      },
    }
    const { webSocket: offer } = exchange
    const attempt: HttpAttempt =
      offer === undefined
        ? new HttpAttempt(options)
        : new WebSocketAttempt({ ...options, offer, onOpen: (ends) => this.#relay(ends) })
    if (kept === undefined) this.#unheard.add(attempt)
    attempt.start()
    return attempt
  }

  close(): void {
    this.#closed = true
    this.#kept.closeAll()
    for (const relay of this.#relays) relay.stop()
  }

  #relay(ends: Omit<WebSocketEnds, 'onClosed'>): void {
    const relay = new WebSocketRelay({ ...ends, onClosed: () => this.#relays.delete(relay) })
    this.#relays.add(relay)
    if (this.#closed) relay.stop()
  }

  #takeKept(): HttpConnection | undefined {
    let kept = this.#kept.take()
    for (; kept?.alive === false; kept = this.#kept.take()) kept.close()
    return kept
  }

  #open(): HttpConnection {
    this.#kept.limit(this.slots - this.#active)
    return new HttpConnection(this.#options.origin, (connection) => this.#kept.forget(connection))
  }

  #free(connection: HttpConnection, reusable: boolean): void {
    if (!reusable || this.#closed) connection.close()
    else {
      connection.idleSince = performance.now()
      this.#kept.keep(connection)
    }
  }
}
