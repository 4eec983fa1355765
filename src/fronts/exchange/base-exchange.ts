import type {
  ConnectionFacts,
  Exchange,
  ExchangeNotes,
  Outcome,
  RequestHead,
  Transfer,
  WebSocketOffer,
} from '../../core/exchange.ts'
import type { BaseResponse } from './base-response.ts'
import { IncomingBody, type BodyAnnouncement, type BodySource } from './incoming-body.ts'
import { createRequestId } from './request-id.ts'

/** Bytes of an exchange, with its heads. */
export interface CountedBytes {
  readonly received: number
  readonly sent: number
}

/** The connection of an exchange, as the exchange uses it. */
export interface ExchangeLink extends BodySource {
  readonly facts: ConnectionFacts
  /** Clients and applications are told the ids of requests; by default they are not. */
  readonly sharesIds?: boolean | undefined
  /** Requests that the connection has had before; by default none. */
  readonly earlier?: number
  /** Bytes of this exchange on the connection; by default they are reckoned as HTTP/1 would write them. */
  readonly counted?: CountedBytes | undefined
  /** The client has finished sending (half-close), and everything it sent has been read. */
  readonly clientEnded: boolean
  /** As `Exchange.occupy`, where a connection has several exchanges at a time. */
  occupy?(): () => void
}

const NOTHING = (): void => {}

/** One request of any protocol, from its head to its outcome. Expensive parts are made on demand. */
export abstract class BaseExchange<
  Request extends RequestHead & BodyAnnouncement,
  Response extends BaseResponse,
> implements Exchange {
  readonly request: Request
  readonly response: Response
  readonly startedAt: number
  onClientEnd: (() => void) | undefined
  readonly #link: ExchangeLink
  #body: IncomingBody | undefined
  #id: string | undefined
  #notes: ExchangeNotes | undefined
  #listeners: ((outcome: Outcome) => void)[] | undefined
  #over = false
  #error: Error | undefined

  constructor(link: ExchangeLink, request: Request, response: Response) {
    this.#link = link
    this.request = request
    this.response = response
    this.startedAt = performance.now()
    if (link.sharesIds === true) response.identified = this
  }

  abstract get webSocket(): WebSocketOffer | undefined

  get sharesId(): boolean {
    return this.#link.sharesIds === true
  }

  get id(): string {
    return (this.#id ??= createRequestId())
  }

  identify(id: string): void {
    this.#id = id
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
    return (this.#notes ??= {
      answeredBy: '',
      route: '',
      worker: '',
      queued: 0,
      python: 0,
      user: '',
    })
  }

  /** Of a connection nothing is known; routes ask. */
  get identity(): undefined {
    return undefined
  }

  /** The response is complete or was aborted. */
  get over(): boolean {
    return this.#over
  }

  onFinish(listener: (outcome: Outcome) => void): void {
    if (this.#over) listener(this.#createOutcome())
    else if (this.#listeners === undefined) this.#listeners = [listener]
    else this.#listeners.push(listener)
  }

  occupy(): () => void {
    return this.#link.occupy?.() ?? NOTHING
  }

  /** Ends the exchange, with `error` unless the response is complete; the connection calls this once. */
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

  #createOutcome(): Outcome {
    const { status, bytes } = this.response
    return { status, bytes, error: this.#error, measure: () => this.#measure() }
  }

  #measure(): Transfer {
    const { fields } = this.response
    const { earlier = 0 } = this.#link
    const { received, sent } = this.#link.counted ?? this.#reckonBytes()
    return { fields, received, sent, earlier }
  }

  #reckonBytes(): CountedBytes {
    const { status, bytes, fields } = this.response
    const sent = status === 0 ? 0 : STATUS_LINE_BYTES + fields.text.length + bytes
    return { received: countHead(this.request) + (this.#body?.received ?? 0), sent }
  }
}

/** `HTTP/1.1 200 OK`, and the line ends before and after the fields. */
const STATUS_LINE_BYTES = 19
/** The spaces, the version, and the line ends before and after the fields. */
const REQUEST_LINE_BYTES = 14
/** `: ` and the line end. */
const FIELD_BYTES = 4

function countHead({ method, target, fields }: RequestHead): number {
  let bytes = method.length + target.length + REQUEST_LINE_BYTES
  for (const text of fields) bytes += text.length
  return bytes + (fields.length / 2) * FIELD_BYTES
}
