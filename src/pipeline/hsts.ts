import type { Handler } from '../core/exchange.ts'
import { FieldBlock } from '../core/field-block.ts'
import type { ResponseHead } from '../core/response-head.ts'
import { ChangedExchange } from './changed-exchange.ts'
import { DivertedResponse } from './diverted-response.ts'

/** What browsers are told (RFC 6797). */
export interface HstsOptions {
  /** ms */
  readonly maxAge: number
  readonly includeSubDomains: boolean
  readonly preload: boolean
}

const PRESENT = /^strict-transport-security:/im

/** Adds Strict-Transport-Security to responses to requests that came with TLS, unless they have it. */
export function withHsts(handler: Handler, options: HstsOptions): Handler {
  const line = formatLine(options)
  const addLine = (head: ResponseHead): ResponseHead =>
    PRESENT.test(head.fields.text)
      ? head
      : { ...head, fields: new FieldBlock(head.fields.text + line) }
  return (exchange) => {
    // Browsers ignore it without TLS (RFC 6797, 8.1), and it must not be sent there (7.2).
    if (exchange.connection.scheme !== 'https') handler(exchange)
    else {
      const response = new DivertedResponse(exchange.response, addLine)
      handler(new ChangedExchange(exchange, { response }))
    }
  }
}

function formatLine({ maxAge, includeSubDomains, preload }: HstsOptions): string {
  const parts = [`max-age=${Math.floor(maxAge / 1000)}`]
  if (includeSubDomains) parts.push('includeSubDomains')
  if (preload) parts.push('preload')
  return `Strict-Transport-Security: ${parts.join('; ')}\r\n`
}
