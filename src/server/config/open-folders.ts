import { pathBelow } from '../../core/path-below.ts'
import { findRest, parseMount } from '../../pipeline/route-path.ts'
import { encodeLatin1 } from '../../wire/percent.ts'
import { formatPath, type OptionPath } from '../option-types/problems.ts'
import type { PlacedApplication } from './placed-application.ts'
import type { RoutePlan } from './resolved.ts'

/** A route, and the keys to its path. */
export interface PlacedRoute {
  readonly route: RoutePlan
  readonly where: OptionPath
}

/** Tells where files that a route guards can be had from a route without checks, and scripts that guard from any. */
export function warnOfOpenFolders(
  routes: readonly PlacedRoute[],
  guards: readonly PlacedApplication[],
): string[] {
  const open = routes.filter(({ route: { path, guard } }) => !guard && path.startsWith('/'))
  const guarded = routes.filter(({ route: { guard } }) => guard !== undefined)
  const doors = open.flatMap((one) => guarded.flatMap((other) => describeDoor(one, other)))
  const sources = routes.flatMap((one) => guards.flatMap((guard) => describeSource(one, guard)))
  return [...doors, ...sources]
}

/** Where a route sends the source of a script that says who may come in. */
function describeSource(
  { route, where }: PlacedRoute,
  { application }: PlacedApplication,
): string[] {
  if (application.kind !== 'guard' || route.answerer.kind !== 'static') return []
  const url = findUrl(route, application.file)
  if (url === undefined) return []
  return [
    `${nameOf(where)}: ${url} is ${application.name}, which says who may come in; move it out of ${route.answerer.plan.root}`,
  ]
}

function describeDoor({ route, where }: PlacedRoute, other: PlacedRoute): string[] {
  const folder = folderOf(other.route)
  const url = folder === undefined ? undefined : findUrl(route, folder)
  if (url === undefined || isSeparate(route, other.route) || answers(other.route, url)) return []
  return [
    `${nameOf(where)}: ${url} leads into ${folder} without the checks of ${nameOf(other.where)}; move that folder out of ${folderOf(route)}`,
  ]
}

/** The URL by which a route answers for a file or folder; undefined if it does not have it. */
function findUrl(route: RoutePlan, place: string): string | undefined {
  const folder = folderOf(route)
  const inside = folder === undefined ? undefined : pathBelow(folder, place)
  return inside === undefined ? undefined : `${route.path.replace(/\/$/, '')}/${inside}`
}

function folderOf({ answerer }: RoutePlan): string | undefined {
  return 'root' in answerer.plan ? answerer.plan.root : undefined
}

/** No request can be for both hosts. */
function isSeparate({ host }: RoutePlan, { host: other }: RoutePlan): boolean {
  return host !== undefined && other !== undefined && host !== other
}

/** Whether a guarded route gets all requests for a URL. */
function answers({ path, host, method, match }: RoutePlan, url: string): boolean {
  if (host !== undefined || method !== undefined || match !== undefined) return false
  return findRest(parseMount(path), encodeLatin1(url)) !== -1
}

function nameOf(where: OptionPath): string {
  return formatPath(where.at(-1) === 'path' ? where.slice(0, -1) : where)
}
