import { findIpVersion } from '../core/ip-address.ts'
import { createTextHead, type ResponseHead } from '../core/response-head.ts'
import type { Exchange, Handler } from '../core/exchange.ts'
import type { Logger } from '../core/logger.ts'
import { reasonPhrase } from '../core/status.ts'
import { normalizeHost } from '../wire/host-name.ts'
import { ChangedExchange } from './changed-exchange.ts'
import { DivertedResponse } from './diverted-response.ts'
import { matchesHost, parseHostRule, type HostRule } from './route-host.ts'

/** Hosts of which a line in the log tells. */
const MOST_TOLD = 20

/** No name below these is given to anybody (RFC 2606, RFC 6761, and ICANN's choice for private use). */
const RESERVED = new Set(['localhost', 'test', 'example', 'invalid', 'internal'])

/** What `withKnownHosts` needs. */
export interface KnownHostsOptions {
  /** Names besides those of this machine, as in routes. */
  readonly names: readonly string[]
  /** Answers requests for other hosts; errors are not explained there. */
  readonly others: Handler
  readonly logger: Logger
}

/**
 * Gives requests to a handler that shows what is meant for the author of an application, if their host is known: a page of
 * somebody else can be one at this server by a DNS name of its own, and would read everything that the browser is sent.
 */
export function withKnownHosts(
  handler: Handler,
  { names, others, logger }: KnownHostsOptions,
): Handler {
  const rules = names.map(parseHostRule)
  const told = new Set<string>()
  const tell = (host: string): void => {
    if (told.has(host) || told.size >= MOST_TOLD) return
    told.add(host)
    logger.warn(
      { host },
      `the error of a request for ${host} is not explained to its client, because that name is not known, and may be one by which a page of somebody else asks; the traceback is in the log; --dev-host ${host} lets it be shown`,
    )
  }
  return (exchange) => {
    const host = normalizeHost(exchange.request.host)
    if (isKnown(host, rules)) handler(exchange)
    else others(withoutDetails(exchange, () => tell(host)))
  }
}

/** Nobody else can give an address to a name of this machine or network, or make an address stand for another one. */
function isKnown(host: string, rules: readonly HostRule[]): boolean {
  // Browsers always name one. A name without a dot is of the local network.
  if (!host.includes('.') || RESERVED.has(host.slice(host.lastIndexOf('.') + 1))) return true
  const address = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  return findIpVersion(address) !== undefined || rules.some((rule) => matchesHost(rule, host))
}

function withoutDetails(exchange: Exchange, onLeftOut: () => void): Exchange {
  const { response } = exchange
  const diverted = new DivertedResponse(response, (head) => {
    if (head.explains !== true) return head
    return () => {
      onLeftOut()
      const body = `${reasonPhrase(head.status)}\n`
      response.send(createNeutralHead(head, body.length), body)
    }
  })
  return new ChangedExchange(exchange, { response: diverted })
}

function createNeutralHead({ status }: ResponseHead, length: number): ResponseHead {
  return createTextHead(status, length, status === 503 ? ['Retry-After', '1'] : [])
}
