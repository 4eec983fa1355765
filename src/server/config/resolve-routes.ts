import { importFolder, type Application } from '../../core/application.ts'
import { TaipanError } from '../../core/errors.ts'
import { parseHostRule } from '../../pipeline/route-host.ts'
import { findRest, parseMount } from '../../pipeline/route-path.ts'
import { formatPath, type OptionPath, type Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import type { RouteContext } from '../routes/route-kind.ts'
import {
  resolveAnswerer,
  ROUTE_KIND_NAMES,
  ROUTE_KINDS,
  type AnswererPlan,
  type RouteKindName,
} from '../routes/route-kinds.ts'
import { createScriptsPlan } from '../routes/scripts-route.ts'
import { createFilesPlan } from '../routes/static-route.ts'
import { createUsualUpstream } from '../routes/upstream-options.ts'
import { createUpstreamPlan } from '../routes/upstream-route.ts'
import { warnOfOpenFolders, type PlacedRoute } from './open-folders.ts'
import type { PlacedApplication } from './placed-application.ts'
import { listPeerRoutes } from './resolve-lrwp.ts'
import type { ResolvedGuards } from './resolve-guards.ts'
import type { RoutePlan } from './resolved.ts'

type RouteConfig = FullConfig['routes'][number]

/** The resolved routes of a configuration. */
export interface ResolvedRoutes {
  readonly routes: readonly RoutePlan[]
  readonly warnings: readonly string[]
}

/** What routes consist of. */
export interface RouteParts {
  readonly applications: readonly PlacedApplication[]
  readonly guards: ResolvedGuards
  /** Folder of the configuration. */
  readonly directory: string
}

/** Makes all routes, including those of the short form; adds errors to `problems`. */
export function resolveRoutes(
  config: FullConfig,
  parts: RouteParts,
  problems: Problems,
): ResolvedRoutes {
  const { applications } = parts
  const own = listOwnRoutes(config, parts, problems)
  checkDuplicates(config.routes, problems)
  const given = [
    ...own,
    ...listFolderRoutes(config, applications),
    ...listUpstreamRoutes(config, parts, problems),
  ]
  const unrouted = applications.filter(({ application: { name } }) => !isRouted(name, given))
  const isOnly = config.app !== undefined || applications.length === 1
  const usual = isOnly ? unrouted.map((one) => createUsualRoute(one, config)) : []
  const warnings = isOnly
    ? []
    : unrouted.map(
        ({ application: { name } }) => `application ${name} has no route, so it gets no requests`,
      )
  const others = [...given, ...usual]
  // What has registered wins over what else answers at the root.
  const peers = listPeerRoutes(config, { hasOthers: others.length > 0 })
  const routes = [...peers, ...others]
  checkPaths(routes, config, problems)
  if (problems.size === 0) warnings.push(...warnOfOpenFolders(routes, parts.guards.applications))
  return { routes: routes.map(({ route }) => route), warnings }
}

function listOwnRoutes(
  { routes }: FullConfig,
  { applications, guards, directory }: RouteParts,
  problems: Problems,
): PlacedRoute[] {
  const placed = applications.map(({ application, key, group }) => {
    return { key, name: application.name, group, folder: importFolder(application) }
  })
  return routes.flatMap((config, index) => {
    const where = ['routes', String(index)]
    const route = resolveRoute(config, { where, applications: placed, directory, problems })
    if (route === undefined) return []
    return [{ route: { ...route, guard: guards.plans.get(index) }, where: [...where, 'path'] }]
  })
}

/** Routes of the options `static` and `scripts`. */
function listFolderRoutes(
  config: FullConfig,
  applications: readonly PlacedApplication[],
): PlacedRoute[] {
  const files = Object.entries(config.static).map(([path, root]) => {
    const answerer: AnswererPlan = { kind: 'static', plan: createFilesPlan(root) }
    return { route: { host: undefined, path, answerer }, where: ['static', path] }
  })
  const scripts = Object.entries(config.scripts).flatMap(([path, root]) => {
    const where = ['scripts', path]
    const found = applications.find(({ key }) => key === formatPath(where))
    if (found === undefined) return []
    const { application, group } = found
    const plan = createScriptsPlan(root, { name: application.name, group })
    const answerer: AnswererPlan = { kind: 'scripts', plan }
    return [{ route: { host: undefined, path, answerer }, where }]
  })
  return [...files, ...scripts]
}

/** Routes of the option `upstream`. */
function listUpstreamRoutes(
  config: FullConfig,
  { directory }: RouteParts,
  problems: Problems,
): PlacedRoute[] {
  return Object.entries(config.upstream).map(([path, url]) => {
    const where = ['upstream', path]
    const plan = createUpstreamPlan(createUsualUpstream(url), { where, problems, directory })
    const answerer: AnswererPlan = { kind: 'upstream', plan }
    return { route: { host: undefined, path, answerer }, where }
  })
}

/** The route of an application that no other route has. */
function createUsualRoute(
  { application, group }: PlacedApplication,
  { app, mount, rootPath = '/' }: FullConfig,
): PlacedRoute {
  const path = (app === undefined ? undefined : mount) ?? rootPath
  const answerer = createUsualAnswerer(application, group)
  return { route: { host: undefined, path, answerer }, where: ['mount'] }
}

function checkPaths(
  routes: readonly PlacedRoute[],
  { rootPath }: FullConfig,
  problems: Problems,
): void {
  const where = ['rootPath']
  const outer =
    rootPath !== undefined && isPath(rootPath, where, problems)
      ? { path: rootPath, name: problems.nameOf(where) }
      : undefined
  for (const { route, where: place } of routes.filter(({ route: { path } }) => path !== rootPath)) {
    const { path } = route
    if (isPath(path, place, problems) && outer !== undefined && path !== '/')
      problems.check(place, () => refuseOutside(path, outer))
  }
}

function isPath(path: string, where: OptionPath, problems: Problems): boolean {
  const count = problems.size
  if (path.startsWith('/')) problems.check(where, () => parseMount(path))
  else problems.add(where, `${JSON.stringify(path)} must begin with a slash`)
  return problems.size === count
}

/** The paths of all requests begin with that of `outer`. Throws `CONFIG_INVALID`. */
function refuseOutside(
  path: string,
  outer: { readonly path: string; readonly name: string },
): void {
  if (findRest(parseMount(outer.path), parseMount(path).prefix) !== -1) return
  const below = outer.path.replace(/\/$/, '') + path
  throw new TaipanError(
    'CONFIG_INVALID',
    `${JSON.stringify(path)} is not below ${outer.name} ${JSON.stringify(outer.path)}, so no request reaches it; write ${below}`,
  )
}

function createUsualAnswerer(application: Application, group: string): AnswererPlan {
  const { name } = application
  return application.kind === 'scripts'
    ? { kind: 'scripts', plan: createScriptsPlan(application.root, { name, group }) }
    : { kind: 'app', plan: { app: name, group } }
}

function isRouted(name: string, routes: readonly PlacedRoute[]): boolean {
  return routes.some(
    ({
      route: {
        answerer: { kind, plan },
      },
    }) =>
      (kind === 'app' && plan.app === name) ||
      (kind !== 'app' && 'application' in plan && plan.application === name),
  )
}

function resolveRoute(route: RouteConfig, context: RouteContext): RoutePlan | undefined {
  const { where, problems } = context
  const given = ROUTE_KIND_NAMES.filter((kind) => route[kind] !== undefined)
  const [kind] = given
  if (kind === undefined || given.length > 1) {
    const found = kind === undefined ? 'none' : given.join(' and ')
    problems.add(
      where,
      `needs exactly one answerer (${ROUTE_KIND_NAMES.join(', ')}), found ${found}`,
    )
    return undefined
  }
  checkKeys(route, kind, context)
  problems.check([...where, 'host'], () => parseHostRule(route.host))
  const answerer = resolveAnswerer(kind, route, context)
  const { host, path, method, match, errorPages } = route
  return answerer && { host, path, method, match, errorPages, answerer }
}

/** Reports keys that belong to other kinds of routes. */
function checkKeys(route: RouteConfig, kind: RouteKindName, context: RouteContext): void {
  for (const [key, value] of Object.entries(route)) {
    if (value === undefined) continue
    const owners = ROUTE_KIND_NAMES.filter((owner) =>
      Object.hasOwn(ROUTE_KINDS[owner].options, key),
    )
    if (owners.length > 0 && !owners.includes(kind))
      context.problems.add(
        [...context.where, key],
        `belongs to a route with ${owners.map((owner) => `"${owner}"`).join(' or ')}, but this one has "${kind}"`,
      )
  }
}

/** Whether a route may leave requests to another one with the same path. */
function passesOn(route: RouteConfig | undefined): boolean {
  if (route === undefined) return false
  const { fallthrough, method, match, pyisapie } = route
  return fallthrough === true || [method, match, pyisapie].some((key) => key !== undefined)
}

function checkDuplicates(routes: readonly RouteConfig[], problems: Problems): void {
  const seen = new Map<string, number>()
  for (const [index, { host, path }] of routes.entries()) {
    const key = `${(host ?? '*').toLowerCase()} ${path.replace(/(?<=.)\/$/, '')}`
    const earlier = seen.get(key)
    // Files with fallthrough may be followed by another answerer.
    if (earlier !== undefined && !passesOn(routes[earlier]))
      problems.add(
        ['routes', String(index)],
        `has the same ${host === undefined ? 'path' : 'host and path'} as routes[${earlier}], which would always answer`,
      )
    seen.set(key, index)
  }
}
