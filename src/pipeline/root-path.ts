import { answerError } from '../core/answer-error.ts'
import type {
  ConnectionFacts,
  Exchange,
  ExchangeNotes,
  Handler,
  Outcome,
  RequestBody,
  RequestHead,
  ResponseSink,
  WebSocketOffer,
} from '../core/exchange.ts'
import { climbs, parseMount } from './route-path.ts'

// Characters of a path (RFC 3986, 3.3); `%` is none, because mount points are decoded.
const NOT_IN_PATHS = /[^\w.~!$&'()*+,;=:@/-]/g

/** Puts the prefix that a proxy has taken away before the path of each request. Throws `CONFIG_INVALID`. */
export function withRootPath(handler: Handler, rootPath: string): Handler {
  const prefix = encodePath(parseMount(rootPath).prefix)
  return (exchange) => {
    const { path } = exchange.request
    if (path === '*') handler(exchange)
    else if (climbs(path)) answerError(exchange, 'NOT_FOUND')
    else handler(new PrefixedExchange(exchange, prefix))
  }
}

/** One character per byte, as in a request. */
function encodePath(path: string): string {
  return path.replaceAll(
    NOT_IN_PATHS,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

/** An exchange whose path begins with a prefix. */
class PrefixedExchange implements Exchange {
  readonly request: RequestHead
  readonly #exchange: Exchange

  constructor(exchange: Exchange, prefix: string) {
    const { method, target, path, query, version, fields, host } = exchange.request
    const whole = { target: prefix + target, path: prefix + path }
    this.request = { method, ...whole, query, version, fields, host }
    this.#exchange = exchange
  }

  get id(): string {
    return this.#exchange.id
  }

  get startedAt(): number {
    return this.#exchange.startedAt
  }

  get connection(): ConnectionFacts {
    return this.#exchange.connection
  }

  get body(): RequestBody {
    return this.#exchange.body
  }

  get response(): ResponseSink {
    return this.#exchange.response
  }

  get notes(): ExchangeNotes {
    return this.#exchange.notes
  }

  get webSocket(): WebSocketOffer | undefined {
    return this.#exchange.webSocket
  }

  get clientEnded(): boolean {
    return this.#exchange.clientEnded
  }

  get onClientEnd(): (() => void) | undefined {
    return this.#exchange.onClientEnd
  }

  set onClientEnd(listener: (() => void) | undefined) {
    this.#exchange.onClientEnd = listener
  }

  onFinish(listener: (outcome: Outcome) => void): void {
    this.#exchange.onFinish(listener)
  }
}
