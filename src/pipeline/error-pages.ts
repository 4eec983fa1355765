import type { Exchange, RequestFailure, ResponseSink } from '../core/exchange.ts'
import { FieldBlock } from '../core/field-block.ts'
import { createTextHead, type ResponseHead } from '../core/response-head.ts'
import { reasonPhrase } from '../core/status.ts'
import { ChangedExchange } from './changed-exchange.ts'
import { DivertedResponse } from './diverted-response.ts'
import type { LocalRedirects } from './local-redirect.ts'
import type { Answerer } from './routes.ts'

/** Paths of pages by status. */
export type ErrorPages = ReadonlyMap<number, string>

const NOTES_BYTES = 4096
// What clients need besides the status.
const KEPT = new Set(['www-authenticate', 'allow', 'retry-after'])
// About the file of the page, which is no answer to this request.
const DROPPED = new Set(['etag', 'last-modified', 'accept-ranges'])

/**
 * Answers with pages in the place of answers that the server makes itself for want of others, and of errors without a
 * body. The status stays. A page that fails in turn gives the answer that it should have replaced.
 */
export function withErrorPages(
  answer: Answerer,
  { pages, redirects }: { readonly pages: ErrorPages; readonly redirects: LocalRedirects },
): Answerer {
  return (exchange, match, next) => {
    // Pages have no pages, or there might be no end.
    if (exchange.failure !== undefined) {
      answer(exchange, match, next)
      return
    }
    const { response } = exchange
    const watched = new DivertedResponse(response, (head, body) => {
      const page = pages.get(head.status)
      if (page === undefined || response.finished) return head
      if (!isReplaceable(head, body, exchange)) return head
      const failure = describeFailure(head, body, exchange)
      const shown = showPage(response, takeWhole(head, body))
      return () => redirects.show(exchange, page, { failure, response: shown })
    })
    answer(new ChangedExchange(exchange, { response: watched }), match, (other) =>
      next(new ChangedExchange(other, { response })),
    )
  }
}

interface Original {
  readonly head: ResponseHead
  readonly body: Uint8Array | string
}

/** The answer to a request for which there is no page; its body is neutral where it has not come yet. */
function takeWhole(head: ResponseHead, body: Uint8Array | string | undefined): Original {
  if (body !== undefined || head.contentLength === 0) return { head, body: body ?? '' }
  const neutral = `${reasonPhrase(head.status)}\n`
  return { head: createTextHead(head.status, neutral.length), body: neutral }
}

function isReplaceable(
  head: ResponseHead,
  body: Uint8Array | string | undefined,
  { request }: Exchange,
): boolean {
  if (head.standsIn === true) return true
  if (head.contentLength !== undefined) return head.contentLength === 0
  return body?.length === 0 && request.method !== 'HEAD'
}

function describeFailure(
  { status, standsIn, fields }: ResponseHead,
  body: Uint8Array | string = '',
  { request }: Exchange,
): RequestFailure {
  const said = Buffer.from(body).subarray(0, NOTES_BYTES).toString('latin1').trim()
  const tells =
    standsIn === true && said !== '' && /^content-type: *text\/plain/im.test(fields.text)
  const notes = tells ? said : reasonPhrase(status)
  return { status, notes, path: request.path, query: request.query, method: request.method }
}

function showPage(response: ResponseSink, { head: original, body }: Original): ResponseSink {
  return new DivertedResponse(response, (head) => {
    if (head.standsIn === true) return () => response.send(original, body)
    return isRedirect(head.status) ? head : mergeHeads(original, head)
  })
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304
}

function mergeHeads(original: ResponseHead, page: ResponseHead): ResponseHead {
  const kept = selectLines(original.fields, (name) => KEPT.has(name))
  const own = selectLines(page.fields, (name) => !DROPPED.has(name))
  const { status, reason } = original
  const close = original.close || page.close
  return { ...page, status, reason, close, fields: new FieldBlock(own + kept) }
}

function selectLines({ text }: FieldBlock, selects: (name: string) => boolean): string {
  const lines = text.split(/(?<=\r\n)/)
  return lines.filter((line) => selects(line.slice(0, line.indexOf(':')).toLowerCase())).join('')
}
