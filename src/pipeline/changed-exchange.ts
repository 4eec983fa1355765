import type {
  ConnectionFacts,
  Exchange,
  ExchangeNotes,
  FrontServerFacts,
  Identity,
  Outcome,
  RequestBody,
  RequestFailure,
  RequestHead,
  ResponseSink,
  WebSocketOffer,
} from '../core/exchange.ts'

import type { FieldPairs } from '../core/field-block.ts'

/** How a request came to be redirected within the server. */
export interface RedirectTrail {
  /** Redirects so far. */
  readonly hops: number
  /** What the client has asked for. */
  readonly asked: RequestHead
}

/** What of an exchange may be changed. */
export type ExchangeChanges = Partial<
  Pick<
    Exchange,
    | 'request'
    | 'connection'
    | 'response'
    | 'body'
    | 'identity'
    | 'variables'
    | 'failure'
    | 'frontServer'
    | 'givenMount'
  >
> & { readonly trail?: RedirectTrail }

/** An exchange with another request, another body, another sink for its response, or a known client. */
export class ChangedExchange implements Exchange {
  readonly request: RequestHead
  readonly connection: ConnectionFacts
  readonly response: ResponseSink
  readonly body: RequestBody
  readonly identity: Identity | undefined
  readonly variables: FieldPairs | undefined
  readonly failure: RequestFailure | undefined
  readonly frontServer: FrontServerFacts | undefined
  readonly givenMount: string | undefined
  /** Undefined before the first redirect. */
  readonly trail: RedirectTrail | undefined
  readonly #exchange: Exchange

  constructor(exchange: Exchange, changes: ExchangeChanges) {
    this.request = changes.request ?? exchange.request
    this.connection = changes.connection ?? exchange.connection
    this.response = changes.response ?? exchange.response
    this.body = changes.body ?? exchange.body
    this.identity = 'identity' in changes ? changes.identity : exchange.identity
    this.variables = changes.variables ?? exchange.variables
    this.failure = changes.failure ?? exchange.failure
    this.frontServer = changes.frontServer ?? exchange.frontServer
    this.givenMount = changes.givenMount ?? exchange.givenMount
    this.trail = changes.trail ?? findTrail(exchange)
    this.#exchange = exchange
  }

  get id(): string {
    return this.#exchange.id
  }

  get sharesId(): boolean | undefined {
    return this.#exchange.sharesId
  }

  get startedAt(): number {
    return this.#exchange.startedAt
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

  identify(id: string): void {
    this.#exchange.identify(id)
  }

  onFinish(listener: (outcome: Outcome) => void): void {
    this.#exchange.onFinish(listener)
  }

  occupy(): () => void {
    return this.#exchange.occupy()
  }
}

/** The redirects within the server that have led to an exchange; undefined for none. */
export function findTrail(exchange: Exchange): RedirectTrail | undefined {
  return exchange instanceof ChangedExchange ? exchange.trail : undefined
}
