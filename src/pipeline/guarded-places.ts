import type { Exchange, Handler } from '../core/exchange.ts'
import { readRoutedPath } from './front-mount.ts'
import { climbs, findRest, type Mount, type RouteMatch } from './route-path.ts'
import { decodePercent } from '../wire/percent.ts'
import { readTolerantly, splitTolerantly } from './spellings.ts'

/** Tells which requests a route answers, by method and by the decoded rest of the path with its first slash. */
export type Fits = (method: string, rest: string) => boolean

/** Gives an exchange to `next`, or answers it. */
export type Admit = (exchange: Exchange, match: RouteMatch, next: Handler) => void

/** The guard of a route, and the requests of the route that it is for. */
export interface RouteGuard {
  readonly admit: Admit
  /** Undefined: all. */
  readonly fits: Fits | undefined
}

/** A mount that may have a guard. */
interface Place {
  readonly mount: Mount
  readonly guard?: RouteGuard | undefined
}

interface GuardedPlace extends RouteGuard {
  readonly mount: Mount
  readonly segments: readonly string[]
}

/**
 * Makes requests pass the guards of all places that their path may name for some program or file system: `//private`,
 * `/x/../private` and `/PRIVATE` are no paths below `/private` for the routes, but what answers them may read them so.
 * `places` are in the order in which they are looked for.
 */
export function guardSpellings(handler: Handler, places: readonly Place[]): Handler {
  const guarded = places.flatMap(({ mount, guard }) =>
    guard === undefined ? [] : [{ ...guard, mount, segments: splitTolerantly(mount.prefix) }],
  )
  if (guarded.length === 0) return handler
  return (exchange) => {
    const segments = readTolerantly(readRoutedPath(exchange))
    if (segments === undefined) handler(exchange)
    else {
      const asked = guarded.filter((place) => isEvaded(place, segments, exchange, places))
      pass(asked, exchange, handler)
    }
  }
}

/** Whether a path may name something below a place without being routed there. */
function isEvaded(
  place: GuardedPlace,
  segments: readonly string[],
  exchange: Exchange,
  places: readonly Place[],
): boolean {
  const { method } = exchange.request
  const path = readRoutedPath(exchange)
  const { mount, fits } = place
  if (!place.segments.every((one, at) => segments[at] === one)) return false
  const read = `/${segments.slice(place.segments.length).join('/')}`
  if (fits !== undefined && !fits(method, read)) return false
  const rest = findRest(mount, path)
  if (rest !== -1) {
    const raw = path.slice(rest)
    const isRouted = !climbs(raw) && (fits === undefined || fits(method, decodePercent(raw)))
    return !isRouted
  }
  // Another route may be meant that is as exact.
  const chosen = places.find((one) => findRest(one.mount, path) !== -1)
  return chosen === undefined || chosen.mount.depth < mount.depth
}

function pass(places: readonly GuardedPlace[], exchange: Exchange, handler: Handler): void {
  const [first, ...others] = places
  if (first === undefined) {
    handler(exchange)
    return
  }
  const match = { scriptName: first.mount.prefix, pathInfo: '', restOffset: 0 }
  first.admit(exchange, match, (admitted) => pass(others, admitted, handler))
}
