import type { Exchange } from '../core/exchange.ts'
import { createResponseHead } from '../core/response-head.ts'

const NOTHING = new Uint8Array(0)

/** Redirects to another raw path of the same server; the query is kept. */
export function sendRedirect(exchange: Exchange, status: 301 | 308, path: string): void {
  const { query } = exchange.request
  const location = query === '' ? path : `${path}?${query}`
  const head = createResponseHead(status, ['Location', location, 'Content-Length', '0'])
  exchange.response.send(head, NOTHING)
}
