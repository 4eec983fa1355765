import type { Application } from '../../core/application.ts'
import { TaipanError } from '../../core/errors.ts'
import { parseHostRule } from '../../pipeline/route-host.ts'
import { findRest, parseMount } from '../../pipeline/route-path.ts'
import type { FullConfig } from '../options/schema.ts'
import { checkBy, type RouteContext } from '../routes/route-kind.ts'
import {
  resolveAnswerer,
  ROUTE_KIND_NAMES,
  ROUTE_KINDS,
  type AnswererPlan,
  type RouteKindName,
} from '../routes/route-kinds.ts'
import { createScriptsPlan } from '../routes/scripts-route.ts'
import { createFilesPlan } from '../routes/static-route.ts'
import { scriptsKey, type PlacedApplication } from './resolve-apps.ts'
import type { RoutePlan } from './resolved.ts'

type RouteConfig = FullConfig['routes'][number]

/** The resolved routes of a configuration. */
export interface ResolvedRoutes {
  readonly routes: readonly RoutePlan[]
  readonly warnings: readonly string[]
}

/** Makes all routes, including those of the short form; adds errors to `problems`. */
export function resolveRoutes(
  config: FullConfig,
  applications: readonly PlacedApplication[],
  problems: string[],
): ResolvedRoutes {
  const placed = applications.map(({ application: { name }, key, group }) => ({ key, name, group }))
  const routes = config.routes.flatMap((route, index) =>
    resolveRoute(route, { where: `routes[${index}]`, applications: placed, problems }),
  )
  checkDuplicates(config.routes, problems)
  for (const [path, root] of Object.entries(config.static))
    routes.push({
      host: undefined,
      path,
      answerer: { kind: 'static', plan: createFilesPlan(root) },
    })
  for (const [path, root] of Object.entries(config.scripts)) {
    const application = placed.find(({ key }) => key === scriptsKey(path))
    if (application === undefined) continue
    const plan = createScriptsPlan(root, application)
    routes.push({ host: undefined, path, answerer: { kind: 'scripts', plan } })
  }
  const unrouted = applications.filter(({ application: { name } }) => !isRouted(name, routes))
  const warnings: string[] = []
  const usualPath = config.rootPath ?? '/'
  for (const { application, group } of unrouted) {
    const answerer = createUsualAnswerer(application, group)
    if (config.app !== undefined)
      routes.push({ host: undefined, path: config.mount ?? usualPath, answerer })
    else if (applications.length === 1) routes.push({ host: undefined, path: usualPath, answerer })
    else warnings.push(`application ${application.name} has no route, so it gets no requests`)
  }
  checkPaths(routes, config, problems)
  return { routes, warnings }
}

function checkPaths(routes: readonly RoutePlan[], config: FullConfig, problems: string[]): void {
  const { rootPath } = config
  const outer =
    rootPath !== undefined && isPath(rootPath, 'rootPath', problems) ? rootPath : undefined
  for (const { path } of routes.filter((route) => route.path !== rootPath)) {
    const name = nameOf(path, config)
    if (isPath(path, name, problems) && outer !== undefined && path !== '/')
      checkBy(() => refuseOutside(path, outer), name, problems)
  }
}

function isPath(path: string, name: string, problems: string[]): boolean {
  const count = problems.length
  if (path.startsWith('/')) checkBy(() => parseMount(path), name, problems)
  else problems.push(`${name}: ${JSON.stringify(path)} must begin with a slash`)
  return problems.length === count
}

/** The paths of all requests begin with `rootPath`. Throws `CONFIG_INVALID`. */
function refuseOutside(path: string, rootPath: string): void {
  if (findRest(parseMount(rootPath), parseMount(path).prefix) !== -1) return
  const below = rootPath.replace(/\/$/, '') + path
  throw new TaipanError(
    'CONFIG_INVALID',
    `${JSON.stringify(path)} is not below rootPath ${JSON.stringify(rootPath)}, so no request reaches it; write ${below}`,
  )
}

function nameOf(path: string, config: FullConfig): string {
  const index = config.routes.findIndex((route) => route.path === path)
  if (index >= 0) return `routes[${index}].path`
  if (Object.hasOwn(config.scripts, path)) return 'scripts'
  return Object.hasOwn(config.static, path) ? 'static' : 'mount'
}

function createUsualAnswerer(application: Application, group: string): AnswererPlan {
  const { name } = application
  return application.kind === 'scripts'
    ? { kind: 'scripts', plan: createScriptsPlan(application.root, { name, group }) }
    : { kind: 'app', plan: { app: name, group } }
}

function isRouted(name: string, routes: readonly RoutePlan[]): boolean {
  return routes.some(
    ({ answerer: { kind, plan } }) =>
      (kind === 'app' && plan.app === name) || (kind === 'scripts' && plan.application === name),
  )
}

function resolveRoute(route: RouteConfig, context: RouteContext): RoutePlan[] {
  const { where, problems } = context
  const given = ROUTE_KIND_NAMES.filter((kind) => route[kind] !== undefined)
  const [kind] = given
  if (kind === undefined || given.length > 1) {
    const found = kind === undefined ? 'none' : given.join(' and ')
    problems.push(
      `${where}: needs exactly one answerer (${ROUTE_KIND_NAMES.join(', ')}), found ${found}`,
    )
    return []
  }
  checkKeys(route, kind, context)
  checkBy(() => parseHostRule(route.host), `${where}.host`, problems)
  const answerer = resolveAnswerer(kind, route, context)
  if (answerer === undefined) return []
  const { host, path, method, match } = route
  return [{ host, path, method, match, answerer }]
}

/** Reports keys that belong to other kinds of routes. */
function checkKeys(route: RouteConfig, kind: RouteKindName, context: RouteContext): void {
  for (const [key, value] of Object.entries(route)) {
    if (value === undefined) continue
    const owners = ROUTE_KIND_NAMES.filter((owner) =>
      Object.hasOwn(ROUTE_KINDS[owner].options, key),
    )
    if (owners.length > 0 && !owners.includes(kind))
      context.problems.push(
        `${context.where}.${key}: belongs to a route with ${owners.map((owner) => `"${owner}"`).join(' or ')}, but this one has "${kind}"`,
      )
  }
}

/** Whether a route may leave requests to another one with the same path. */
function passesOn(route: RouteConfig | undefined): boolean {
  return route?.fallthrough === true || route?.method !== undefined || route?.match !== undefined
}

function checkDuplicates(routes: readonly RouteConfig[], problems: string[]): void {
  const seen = new Map<string, number>()
  for (const [index, { host, path }] of routes.entries()) {
    const key = `${(host ?? '*').toLowerCase()} ${path.replace(/(?<=.)\/$/, '')}`
    const earlier = seen.get(key)
    // Files with fallthrough may be followed by another answerer.
    if (earlier !== undefined && !passesOn(routes[earlier]))
      problems.push(
        `routes[${index}]: has the same ${host === undefined ? 'path' : 'host and path'} as routes[${earlier}], which would always answer`,
      )
    seen.set(key, index)
  }
}
