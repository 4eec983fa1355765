import type { ConnectionFacts, Exchange, Handler } from '../../core/exchange.ts'
import type { FieldPairs } from '../../core/field-block.ts'
import type { Logger } from '../../core/logger.ts'
import { ChangedExchange } from '../changed-exchange.ts'
import { Believer, type Believed } from './believer.ts'
import type { ProxyHeader } from './header-names.ts'
import { createTrust } from './trust.ts'
import { UnaskedFields } from './unasked-fields.ts'

/** Which proxies are believed, and in what. */
export interface ProxiesOptions {
  /** Rules of `createTrust`. */
  readonly trust: readonly string[]
  readonly headers: readonly ProxyHeader[]
}

/** What was believed last on a connection; proxies and clients repeat their fields. */
interface Last {
  readonly fields: FieldPairs
  readonly believed: Believed
}

/** Lets everything behind see requests as trusted proxies tell of them. Servers in front that speak no HTTP are believed anyway. */
export function withProxies(
  handler: Handler,
  { trust, headers }: ProxiesOptions,
  logger: Logger,
): Handler {
  const believer = new Believer({ trust: createTrust(trust), headers })
  const unasked = new UnaskedFields(logger)
  const lasts = new WeakMap<ConnectionFacts, Last>()
  return (exchange) => {
    if (exchange.frontServer !== undefined) {
      handler(exchange)
      return
    }
    const { connection, request } = exchange
    let last = lasts.get(connection)
    if (last?.fields !== request.fields) {
      if (!unasked.told && !believer.trusts(connection)) unasked.look(exchange)
      last = { fields: request.fields, believed: believer.believe(connection, request) }
      lasts.set(connection, last)
    }
    handler(changeExchange(exchange, last.believed))
  }
}

function changeExchange(exchange: Exchange, { fields, connection, belief }: Believed): Exchange {
  const { request } = exchange
  if (belief.id !== undefined) exchange.identify(belief.id)
  const isChanged = fields !== request.fields || connection !== exchange.connection
  if (!isChanged) return exchange
  const { mount, host = request.host } = belief
  const head = { ...request, fields, host }
  return new ChangedExchange(exchange, {
    request: head,
    connection,
    ...(mount !== undefined && { givenMount: mount }),
  })
}
