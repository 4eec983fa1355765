import { suggest } from '../../core/suggest.ts'
import {
  findProxyHeader,
  PROXY_HEADERS,
  USUAL_HEADERS,
  type ProxyHeader,
} from '../../pipeline/proxies/header-names.ts'
import { isTrustRule } from '../../pipeline/proxies/trust.ts'
import type { Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'

/** Which proxies are believed, and in what. */
export interface ProxiesPlan {
  readonly trust: readonly string[]
  readonly headers: readonly ProxyHeader[]
}

/** Undefined: nobody is believed. Collects problems. */
export function resolveProxies(
  { proxies: { trust, headers } }: FullConfig,
  problems: Problems,
): ProxiesPlan | undefined {
  for (const rule of trust)
    if (!isTrustRule(rule))
      problems.add(
        ['proxies', 'trust'],
        `${JSON.stringify(rule)} is no proxy; write an address, a network such as 10.0.0.0/8, loopback or unix`,
      )
  const known = headers.flatMap((name) => readHeaderName(name, problems))
  if (headers.length > 0 && trust.length === 0)
    problems.add(
      ['proxies', 'headers'],
      `is believed from nobody; name the proxies with ${problems.nameOf(['proxies', 'trust'])}, as in 10.0.0.0/8 or loopback`,
    )
  if (trust.length === 0) return undefined
  return { trust, headers: headers.length === 0 ? USUAL_HEADERS : [...new Set(known)] }
}

function readHeaderName(name: string, problems: Problems): ProxyHeader[] {
  const header = name.includes('_') ? undefined : findProxyHeader(name)
  if (header !== undefined) return [header]
  const nearest = suggest(name, PROXY_HEADERS)
  problems.add(
    ['proxies', 'headers'],
    `${JSON.stringify(name)} is no field by which proxies tell something.${nearest || ` Known are ${PROXY_HEADERS.join(', ')}.`}`,
  )
  return []
}
