import type { ByteStream } from '../../core/byte-stream.ts'
import type { FrontProtocol } from '../listening/front-protocol.ts'
import type { FrontConnection, OpenConnections } from '../listening/open-connections.ts'
import { ResponseEncoder } from '../../wire/http1/response-encoder.ts'
import { Http1Connection } from './http1-connection.ts'
import { Http1Context, type Http1Options } from './http1-context.ts'
import { formatRefusalHead } from './refusal.ts'

/** HTTP/1, with WebSockets, and HTTP/2 where a client asks for it. */
export const HTTP1 = {
  create: (options: Http1Options, connections: OpenConnections): FrontProtocol =>
    new Http1Protocol(new Http1Context(options, connections)),
  formatUnavailable: (text: string, serverSoftware: string): string =>
    formatRefusalHead(new ResponseEncoder(serverSoftware), 503, text.length) + text,
}

class Http1Protocol implements FrontProtocol {
  readonly #context: Http1Context

  constructor(context: Http1Context) {
    this.#context = context
  }

  get exchanges(): number {
    return this.#context.exchanges + (this.#context.http2?.exchanges ?? 0)
  }

  get stopping(): boolean {
    return this.#context.stopping
  }

  set stopping(stopping: boolean) {
    this.#context.stopping = stopping
    if (this.#context.http2 !== undefined) this.#context.http2.stopping = stopping
  }

  connect(stream: ByteStream): FrontConnection {
    const { http2 } = this.#context
    if (http2 !== undefined && stream.facts.alpn === 'h2') return http2.connect(stream)
    return new Http1Connection(stream, this.#context)
  }

  expectWebSockets(): void {
    // A failure is told by the first WebSocket.
    this.#context.webSockets.load()?.catch(() => {})
  }
}
