import type { Exchange, RequestHead } from '../../core/exchange.ts'
import type { FieldPairs } from '../../core/field-block.ts'
import { NO_BODY } from '../../core/no-body.ts'
import type { Upstream } from '../../core/upstream.ts'
import { ChangedExchange } from '../changed-exchange.ts'
import { askAbout } from './ask-about.ts'
import { withoutBodyFields } from './body-fields.ts'
import { VerdictSink } from './verdict-sink.ts'

/** Asks another server whether a request may come in (FastCGI 1.0, 6.3). */
export class Authorizer {
  readonly #name: string
  readonly #upstream: Upstream

  /** `name` is that of `upstream` in logs. */
  constructor(name: string, upstream: Upstream) {
    this.#name = name
    this.#upstream = upstream
  }

  /** The exchange that the route gets, with the variables of the authorizer; undefined if that has answered it. */
  authorize(exchange: Exchange): Promise<Exchange | undefined> {
    return new Promise((resolve, reject) => {
      const sink = new VerdictSink(exchange.response, {
        onAllowed: (given) => {
          const own = withoutOwn(given, exchange)
          const variables = [...withoutNames(exchange.variables ?? [], own), ...own]
          resolve(own.length === 0 ? exchange : new ChangedExchange(exchange, { variables }))
        },
        onDenied: () => {
          exchange.notes.answeredBy = this.#name
          resolve(undefined)
        },
        onFailed: reject,
        onEnd: (outcome) => asked.finish(outcome),
      })
      const asked = askAbout(exchange, {
        request: createRequest(exchange.request),
        body: NO_BODY,
        response: sink,
        identity: exchange.identity,
      })
      this.#upstream.run(asked, { application: this.#name, scriptName: '', pathInfo: '' })
    })
  }
}

// What the server itself tells of a request (RFC 3875, 4.1, and what it adds).
const OWN =
  /^(?:HTTP_.*|HTTPS|CONTENT_.*|REQUEST_.*|REDIRECT_.*|SCRIPT_.*|PATH_.*|SERVER_.*|DOCUMENT_.*|QUERY_STRING|GATEWAY_INTERFACE|REMOTE_(?:ADDR|HOST|PORT))$/
const IDENTITY = /^(?:AUTH_TYPE|REMOTE_USER)$/

/** The variables that an authorizer may give; who the client is, is told by `auth` where a route has that. */
function withoutOwn(pairs: FieldPairs, { identity }: Exchange): FieldPairs {
  const isOwn = (name: string): boolean =>
    OWN.test(name) || (identity !== undefined && IDENTITY.test(name))
  return pairs.filter((_, at) => !isOwn(pairs[at - (at % 2)] ?? ''))
}

/** Those of a server in front that an authorizer does not give otherwise. */
function withoutNames(pairs: FieldPairs, others: FieldPairs): FieldPairs {
  const names = new Set(others.filter((_, at) => at % 2 === 0))
  return pairs.filter((_, at) => !names.has(pairs[at - (at % 2)] ?? ''))
}

function createRequest(request: RequestHead): RequestHead {
  return { ...request, fields: withoutBodyFields(request.fields) }
}
