import { TaipanError } from '../../core/errors.ts'
import type {
  ConnectionFacts,
  Exchange,
  ExchangeNotes,
  Outcome,
  WebSocketOffer,
} from '../../core/exchange.ts'
import type { Http1Request } from '../../wire/http1/request-head.ts'
import type { ExchangeLink } from '../exchange/link.ts'
import { IncomingBody } from '../exchange/request-body.ts'
import { HttpResponse } from './response.ts'
import type { Handshake } from '../web-socket/handshake.ts'
import { HandshakeOffer } from '../web-socket/offer.ts'

/** One request that came by an HTTP/1 connection. Its costly parts are made when they are asked for. */
export class HttpExchange implements Exchange {
  readonly request: Http1Request
  readonly startedAt: number
  onClientEnd: (() => void) | undefined
  readonly response: HttpResponse
  /** Set for a request that asks for a WebSocket in the right way. */
  handshake: Handshake | undefined
  readonly #link: ExchangeLink
  #body: IncomingBody | undefined
  #id: string | undefined
  #notes: ExchangeNotes | undefined
  #listeners: ((outcome: Outcome) => void)[] | undefined
  #offer: WebSocketOffer | undefined
  #over = false
  #error: Error | undefined

  constructor(link: ExchangeLink, request: Http1Request, startedAt: number) {
    this.#link = link
    this.request = request
    this.startedAt = startedAt
    this.response = new HttpResponse(link, request)
  }

  get id(): string {
    return (this.#id ??= this.#link.context.createId())
  }

  get connection(): ConnectionFacts {
    return this.#link.facts
  }

  get clientEnded(): boolean {
    return this.#link.clientEnded
  }

  get body(): IncomingBody {
    return (this.#body ??= new IncomingBody(this.#link, this.request))
  }

  get notes(): ExchangeNotes {
    return (this.#notes ??= { answeredBy: '', worker: '', queued: 0, python: 0 })
  }

  get webSocket(): WebSocketOffer | undefined {
    if (this.handshake === undefined) return undefined
    if (this.#offer === undefined) {
      this.#offer = new HandshakeOffer(this.#link, this.handshake, this.response)
      if (this.#link.clientEnded) process.nextTick(() => this.#abandon())
    }
    return this.#offer
  }

  /** Somebody holds the client's wish for a WebSocket, and has not answered it. */
  get offered(): boolean {
    return this.#offer !== undefined && !this.response.begun
  }

  onFinish(listener: (outcome: Outcome) => void): void {
    if (this.#over) listener(this.#createOutcome())
    else if (this.#listeners === undefined) this.#listeners = [listener]
    else this.#listeners.push(listener)
  }

  /** Ends the exchange, whole without `error`; the connection calls this once. */
  settle(error: Error | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#error = error
    if (error !== undefined) {
      this.response.supersede(0)
      this.#body?.fail(error)
    }
    this.#body?.discard()
    this.response.onDrain = undefined
    if (this.#listeners === undefined) return
    const outcome = this.#createOutcome()
    for (const listener of this.#listeners) listener(outcome)
    this.#listeners = undefined
  }

  /** The client had left before anybody asked for its WebSocket. */
  #abandon(): void {
    if (this.#over || !this.offered) return
    this.#link.cut(new TaipanError('CLIENT_DISCONNECTED', 'the client left in the handshake'))
  }

  #createOutcome(): Outcome {
    const { status, bytes } = this.response
    return { status, bytes, error: this.#error }
  }
}
