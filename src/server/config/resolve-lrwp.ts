import type { BoundAddress } from '../../streams/listening/addresses.ts'
import { normalizeGivenName } from '../../upstreams/lrwp/names.ts'
import { COMPONENT_LIMIT, isName } from '../../wire/lrwp/registration.ts'
import type { Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import type { LrwpPlan } from '../routes/lrwp-plan.ts'
import { expandAddress, parsePlace } from './address.ts'
import { resolveOwner } from './resolve-addresses.ts'
import type { PlacedRoute } from './open-folders.ts'
import type { RoutePlan } from './resolved.ts'

/** On this machine only, at the port of the protocol for servers without privileges. */
const USUAL_ADDRESS = '127.0.0.1:1081'

/** How peers register; undefined if no route is for them. */
export function resolveLrwp(
  { lrwp }: FullConfig,
  routes: readonly RoutePlan[],
  problems: Problems,
): LrwpPlan | undefined {
  if (!routes.some(({ answerer }) => answerer.kind === 'lrwp')) return undefined
  const { bind = [USUAL_ADDRESS], ...rest } = lrwp
  checkNames(Object.keys(lrwp.passphrases), problems)
  return { ...rest, addresses: resolveAddresses(bind, problems) }
}

/** The route of an address without one: every application that registers, below the root. */
export function listPeerRoutes(
  { lrwp, routes, rootPath }: FullConfig,
  { hasOthers }: { readonly hasOthers: boolean },
): PlacedRoute[] {
  if (lrwp.bind === undefined || routes.some((route) => route.lrwp !== undefined)) return []
  const plan = { name: undefined, fallthrough: hasOthers }
  const path = rootPath ?? '/'
  return [
    { route: { host: undefined, path, answerer: { kind: 'lrwp', plan } }, where: ['lrwp', 'bind'] },
  ]
}

/** A passphrase that no peer is asked for would protect nothing. */
function checkNames(names: readonly string[], problems: Problems): void {
  const known = new Map<string, string>()
  for (const name of names) {
    const where = ['lrwp', 'passphrases', name]
    const normal = normalizeGivenName(name)
    const same = known.get(normal)
    if (!isName(normal) || normal.length > COMPONENT_LIMIT)
      problems.add(
        where,
        `peers have names of up to ${COMPONENT_LIMIT} bytes, without spaces and control characters`,
      )
    else if (same !== undefined) problems.add(where, `is the same name as ${JSON.stringify(same)}`)
    known.set(normal, name)
  }
}

function resolveAddresses(bind: readonly string[], problems: Problems): BoundAddress[] {
  return bind.flatMap((text) => {
    const address = parsePlace(expandAddress(text) ?? text)
    if (typeof address !== 'string')
      return [resolveOwner(address, { where: ['lrwp', 'bind'], text }, problems)]
    problems.add(['lrwp', 'bind'], `${JSON.stringify(text)} is not an address: ${address}`)
    return []
  })
}
