import type {
  ConnectionFacts,
  Exchange,
  ExchangeNotes,
  Outcome,
  RequestBody,
  RequestHead,
  ResponseSink,
  WebSocketOffer,
} from '../../core/exchange.ts'

/** An exchange with another sink for its response. */
export class RefreshedExchange implements Exchange {
  readonly response: ResponseSink
  readonly #exchange: Exchange

  constructor(exchange: Exchange, response: ResponseSink) {
    this.#exchange = exchange
    this.response = response
  }

  get id(): string {
    return this.#exchange.id
  }

  get startedAt(): number {
    return this.#exchange.startedAt
  }

  get request(): RequestHead {
    return this.#exchange.request
  }

  get connection(): ConnectionFacts {
    return this.#exchange.connection
  }

  get body(): RequestBody {
    return this.#exchange.body
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
