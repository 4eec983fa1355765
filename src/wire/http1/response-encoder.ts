import type { ResponseHead } from '../../core/response-head.ts'
import { isBodiless, reasonPhrase } from '../../core/status.ts'
import { formatHttpDate } from '../http-date.ts'

/** How the client detects the end of a response body. */
export type Framing = 'none' | 'length' | 'chunked' | 'close'

/** Parts of the request that the response depends on. */
export interface RequestFacts {
  readonly method: string
  readonly version: '1.0' | '1.1'
}

/** The interim response to `Expect: 100-continue`. */
export const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

/** The end of a chunked body; `trailers` are whole lines. */
export function formatLastChunk(trailers: string): string {
  return `0\r\n${trailers}\r\n`
}

/** Selects the framing: a known length, else chunked, else (HTTP/1.0) the end of the connection. */
export function resolveFraming(request: RequestFacts, head: ResponseHead): Framing {
  if (isBodiless(request.method, head.status)) return 'none'
  if (head.contentLength !== undefined) return 'length'
  return request.version === '1.1' ? 'chunked' : 'close'
}

/** What a response head contains in addition to its own fields. */
export interface HeadPlan {
  readonly version: '1.0' | '1.1'
  readonly framing: Framing
  readonly keepAlive: boolean
  /** Content-Length to add; undefined for none. */
  readonly addedLength: number | undefined
  /** Value of X-Request-Id, unless the head has one; empty for none. */
  readonly requestId?: string | undefined
}

const REQUEST_ID = /^x-request-id:/im

/** Formats response heads; caches the Date of the current second. */
export class ResponseEncoder {
  readonly #server: string
  #second = 0
  #date = ''
  #dateAndServer = ''
  /** The fields of the last response, which are mostly those of the next one, too. */
  #fields = ''
  #hasRequestId = false

  /** `serverSoftware` is the value of the Server field; empty omits the field. */
  constructor(serverSoftware: string) {
    this.#server = serverSoftware === '' ? '' : `Server: ${serverSoftware}\r\n`
  }

  /** Status line, fields and the empty line, latin-1. */
  format(head: ResponseHead, plan: HeadPlan): string {
    let text = formatStatusLine(head) + head.fields.text + this.formatOrigin(head)
    const { requestId = '' } = plan
    if (requestId !== '' && !this.hasRequestId(head.fields.text))
      text += `X-Request-Id: ${requestId}\r\n`
    if (plan.addedLength !== undefined) text += `Content-Length: ${plan.addedLength}\r\n`
    if (plan.framing === 'chunked') text += 'Transfer-Encoding: chunked\r\n'
    if (!plan.keepAlive) return `${text}Connection: close\r\n\r\n`
    return plan.version === '1.0' ? `${text}Connection: keep-alive\r\n\r\n` : `${text}\r\n`
  }

  /** Whether the application has given an id of its own. */
  hasRequestId(fields: string): boolean {
    if (fields !== this.#fields) {
      this.#fields = fields
      this.#hasRequestId = REQUEST_ID.test(fields)
    }
    return this.#hasRequestId
  }

  /** The Date and Server lines that the head does not have. */
  formatOrigin(head: Pick<ResponseHead, 'hasDate' | 'hasServer'>): string {
    const second = Math.floor(Date.now() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#date = `Date: ${formatHttpDate(second)}\r\n`
      this.#dateAndServer = this.#date + this.#server
    }
    if (head.hasDate) return head.hasServer ? '' : this.#server
    return head.hasServer ? this.#date : this.#dateAndServer
  }
}

const STATUS_LINES: string[] = Array.from(
  { length: 600 },
  (_, status) => `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`,
)

function formatStatusLine(head: ResponseHead): string {
  return head.reason === ''
    ? (STATUS_LINES[head.status] ?? `HTTP/1.1 ${head.status} Unknown\r\n`)
    : `HTTP/1.1 ${head.status} ${head.reason}\r\n`
}
