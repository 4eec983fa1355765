import { answerError } from '../core/answer-error.ts'
import type { Exchange, Handler, RequestBody, ResponseSink } from '../core/exchange.ts'
import type { FieldBlock } from '../core/field-block.ts'
import type { ResponseHead } from '../core/response-head.ts'
import { ChangedExchange, findTrail } from './changed-exchange.ts'

/** Redirects of one request within the server; more are a loop. */
const MOST_HOPS = 10
/** Field by which an application asks for a redirect within the server. */
const FIELD = /(?:^|\n)X-Taipan-Redirect: (\/[^\r\n]*)/i
const NO_BODY: RequestBody = {
  length: 0,
  complete: true,
  buffered: 0,
  error: undefined,
  expectsContinue: false,
  onProgress: undefined,
  request: () => {},
  take: () => undefined,
}
// Fields about a body that the redirected request does not have.
const BODY_FIELDS = new Set(['content-length', 'content-type', 'transfer-encoding', 'expect'])

/** The exchange of a redirect to a path with its query. */
function redirectExchange(exchange: Exchange, target: string, hops: number): Exchange {
  const [path = '', ...rest] = target.split('?')
  const fields = exchange.request.fields.filter(
    (_, at, all) => !BODY_FIELDS.has((all[at - (at % 2)] ?? '').toLowerCase()),
  )
  const query = rest.join('?')
  const method = exchange.request.method === 'HEAD' ? 'HEAD' : 'GET'
  return new ChangedExchange(exchange, {
    request: { ...exchange.request, method, target, path, query, fields },
    body: NO_BODY,
    // The route that the redirect leads to asks again, or nobody does.
    identity: undefined,
    trail: { hops, asked: findTrail(exchange)?.asked ?? exchange.request },
  })
}

/** Answers requests with the page of another path, as if the client had asked for that (RFC 3875, 6.2.2). */
export class LocalRedirects {
  #handler: Handler | undefined

  /** The routes are made later than what redirects to them. */
  connect(handler: Handler): void {
    this.#handler = handler
  }

  /** Answers with what is at `target`, a path with its query. */
  follow(exchange: Exchange, target: string): void {
    const hops = (findTrail(exchange)?.hops ?? 0) + 1
    const plain = target.split('#')[0] ?? ''
    if (hops > MOST_HOPS || !/^\/[\x21-\x7e\x80-\xff]*$/.test(plain))
      answerError(exchange, 'APPLICATION_FAILED')
    else this.#handler?.(redirectExchange(exchange, plain, hops))
  }

  /** The exchange for an application whose redirects are followed. */
  watch(exchange: Exchange): Exchange {
    const response = new RedirectSink(exchange.response, (target) => this.follow(exchange, target))
    return new ChangedExchange(exchange, { response })
  }
}

/** A response that may turn out to be a redirect within the server. */
class RedirectSink implements ResponseSink {
  readonly #response: ResponseSink
  readonly #onRedirect: (target: string) => void
  #redirected = false

  constructor(response: ResponseSink, onRedirect: (target: string) => void) {
    this.#response = response
    this.#onRedirect = onRedirect
  }

  get begun(): boolean {
    return this.#redirected || this.#response.begun
  }

  get finished(): boolean {
    return this.#redirected || this.#response.finished
  }

  get pending(): number {
    return this.#redirected ? 0 : this.#response.pending
  }

  get onDrain(): (() => void) | undefined {
    return this.#response.onDrain
  }

  set onDrain(listener: (() => void) | undefined) {
    if (!this.#redirected) this.#response.onDrain = listener
  }

  send(head: ResponseHead, body: Uint8Array | string): void {
    if (!this.#redirects(head)) this.#response.send(head, body)
  }

  begin(head: ResponseHead): void {
    if (!this.#redirects(head)) this.#response.begin(head)
  }

  inform(status: number, fields: FieldBlock): void {
    if (!this.#redirected) this.#response.inform(status, fields)
  }

  write(chunk: Uint8Array): boolean {
    return this.#redirected || this.#response.write(chunk)
  }

  end(trailers?: FieldBlock): void {
    if (!this.#redirected) this.#response.end(trailers)
  }

  abort(reason: Error): void {
    if (!this.#redirected) this.#response.abort(reason)
  }

  #redirects(head: ResponseHead): boolean {
    if (this.#redirected) return true
    if (head.status !== 302) return false
    const target = FIELD.exec(head.fields.text)?.[1]
    if (target === undefined) return false
    this.#redirected = true
    this.#onRedirect(target)
    return true
  }
}
