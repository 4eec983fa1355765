import { answerError } from '../core/answer-error.ts'
import type { Exchange, Handler } from '../core/exchange.ts'
import { withoutFields } from '../core/field-block.ts'
import type { Logger } from '../core/logger.ts'
import { NO_BODY } from '../core/no-body.ts'
import type { ResponseHead } from '../core/response-head.ts'
import { withoutGivenMount } from './given-mount.ts'
import { ChangedExchange, findTrail, type ExchangeChanges } from './changed-exchange.ts'
import { DivertedResponse } from './diverted-response.ts'
import { forgetLooks } from './looks.ts'

/** Redirects of one request within the server; more are a loop. */
const MOST_HOPS = 10
/** Field by which an application asks for a redirect within the server. */
const FIELD = /(?:^|\n)X-Taipan-Redirect: (\/[^\r\n]*)/i
// Fields about a body that the redirected request does not have.
const BODY_FIELDS = ['content-length', 'content-type', 'transfer-encoding', 'expect']
// What the client knows of the page that it has asked for says nothing about an error page.
const PAGE_FIELDS = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
]
const REDIRECT_DROPS = new Set(BODY_FIELDS)
const ERROR_DROPS = new Set([...BODY_FIELDS, ...PAGE_FIELDS])

interface Redirection {
  readonly hops: number
  /** Names of fields that the request loses. */
  readonly drops: ReadonlySet<string>
  readonly changes?: ExchangeChanges
}

/** The exchange of a redirect to a path with its query. */
function redirectExchange(
  exchange: Exchange,
  target: string,
  { hops, drops, changes }: Redirection,
): Exchange {
  const [path = '', ...rest] = target.split('?')
  const fields = withoutFields(exchange.request.fields, drops)
  const query = rest.join('?')
  const method = exchange.request.method === 'HEAD' ? 'HEAD' : 'GET'
  return new ChangedExchange(exchange, {
    request: { ...exchange.request, method, target, path, query, fields },
    body: NO_BODY,
    // The route that the redirect leads to asks again, or nobody does.
    identity: undefined,
    trail: { hops, asked: findTrail(exchange)?.asked ?? exchange.request },
    ...changes,
  })
}

/** Bytes that no request line may have, such as spaces, as a client would write them. */
function escapeTarget(target: string): string {
  return target.replace(
    /[^\x21-\x7e]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
  )
}

/** Answers requests with the page of another path, as if the client had asked for that (RFC 3875, 6.2.2). */
export class LocalRedirects {
  readonly #logger: Pick<Logger, 'error'>
  #handler: Handler | undefined

  constructor(logger: Pick<Logger, 'error'>) {
    this.#logger = logger
  }

  /** The routes are made later than what redirects to them. */
  connect(handler: Handler): void {
    this.#handler = handler
  }

  /** Answers with what is at `target`, a path with its query. */
  follow(exchange: Exchange, target: string): void {
    // The script may have changed what it redirects to.
    forgetLooks()
    const hops = (findTrail(exchange)?.hops ?? 0) + 1
    if (hops > MOST_HOPS) {
      const asked = findTrail(exchange)?.asked.path ?? ''
      this.#logger.error(
        { request: exchange.id },
        `${asked}: more than ${MOST_HOPS} redirects within the server, the last one to ${target}`,
      )
      answerError(exchange, 'APPLICATION_FAILED')
      return
    }
    const plain = withoutGivenMount(exchange, escapeTarget(target.split('#')[0] ?? ''))
    this.#handler?.(redirectExchange(exchange, plain, { hops, drops: REDIRECT_DROPS }))
  }

  /** Answers with the error page at `target`, a path with its query. */
  show(
    exchange: Exchange,
    target: string,
    changes: Required<Pick<ExchangeChanges, 'failure' | 'response'>>,
  ): void {
    forgetLooks()
    this.#handler?.(redirectExchange(exchange, target, { hops: 0, drops: ERROR_DROPS, changes }))
  }

  /** The head of a response to pass on, or what follows the redirect that it asks for. */
  divert(exchange: Exchange, head: ResponseHead): ResponseHead | (() => void) {
    const target = head.status === 302 ? FIELD.exec(head.fields.text)?.[1] : undefined
    return target === undefined ? head : () => this.follow(exchange, target)
  }

  /** The exchange for an application whose redirects are followed. */
  watch(exchange: Exchange): Exchange {
    const response = new DivertedResponse(exchange.response, (head) => this.divert(exchange, head))
    return new ChangedExchange(exchange, { response })
  }
}
