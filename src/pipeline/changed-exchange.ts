import type {
  ConnectionFacts,
  Exchange,
  ExchangeNotes,
  Outcome,
  RequestBody,
  RequestHead,
  ResponseSink,
  WebSocketOffer,
} from '../core/exchange.ts'

/** An exchange with another request, another body, or another sink for its response. */
export class ChangedExchange implements Exchange {
  readonly request: RequestHead
  readonly response: ResponseSink
  readonly body: RequestBody
  readonly #exchange: Exchange

  constructor(
    exchange: Exchange,
    changes: Partial<Pick<Exchange, 'request' | 'response' | 'body'>>,
  ) {
    this.request = changes.request ?? exchange.request
    this.response = changes.response ?? exchange.response
    this.body = changes.body ?? exchange.body
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
