import type {
  ConnectionFacts,
  Exchange,
  ExchangeNotes,
  Identity,
  Outcome,
  RequestBody,
  RequestHead,
  ResponseSink,
} from './exchange.ts'

/** Parts of an exchange that no client has asked for. */
export interface OwnExchangeParts {
  readonly id: string
  readonly sharesId?: boolean | undefined
  readonly request: RequestHead
  readonly connection: ConnectionFacts
  readonly body: RequestBody
  readonly response: ResponseSink
  readonly identity?: Identity | undefined
}

/** An exchange by which Taipan itself asks something. */
export class OwnExchange implements Exchange {
  id: string
  readonly sharesId: boolean | undefined
  readonly startedAt = performance.now()
  readonly request: RequestHead
  readonly connection: ConnectionFacts
  readonly body: RequestBody
  readonly response: ResponseSink
  readonly notes: ExchangeNotes = {
    answeredBy: '',
    route: '',
    worker: '',
    queued: 0,
    python: 0,
    user: '',
  }
  readonly identity: Identity | undefined
  readonly webSocket: undefined
  readonly clientEnded = false
  onClientEnd: (() => void) | undefined
  #outcome: Outcome | undefined
  readonly #listeners: ((outcome: Outcome) => void)[] = []

  constructor({ id, sharesId, request, connection, body, response, identity }: OwnExchangeParts) {
    this.id = id
    this.sharesId = sharesId
    this.request = request
    this.connection = connection
    this.body = body
    this.response = response
    this.identity = identity
  }

  identify(id: string): void {
    this.id = id
  }

  onFinish(listener: (outcome: Outcome) => void): void {
    if (this.#outcome === undefined) this.#listeners.push(listener)
    else listener(this.#outcome)
  }

  /** Its maker counts nobody. */
  occupy(): () => void {
    return () => {}
  }

  /** The response is whole, or was aborted; its maker calls this once. */
  finish(outcome: Outcome): void {
    this.#outcome = outcome
    for (const listener of this.#listeners) listener(outcome)
  }
}
