import { TaipanError } from '../../core/errors.ts'
import { parseRedirectTarget } from '../../pipeline/redirect.ts'
import { parseHostRule } from '../../pipeline/route-host.ts'
import { parseMount } from '../../pipeline/route-path.ts'
import type { FullConfig } from '../options/schema.ts'
import { suggest } from './nearest.ts'
import { SHORT_FORM_NAME, type PlacedApplication } from './resolve-apps.ts'
import type { AnswererPlan, RoutePlan } from './resolved.ts'

type RouteConfig = FullConfig['routes'][number]

const ANSWERERS = ['app', 'static', 'redirect'] as const
// Keys that mean something for one kind of answerer only.
const BELONGS_TO: Readonly<Record<string, (typeof ANSWERERS)[number]>> = {
  status: 'redirect',
  cacheControl: 'static',
  index: 'static',
  precompressed: 'static',
  fallthrough: 'static',
}

/** What came of the routes of a configuration. */
export interface ResolvedRoutes {
  readonly routes: readonly RoutePlan[]
  readonly warnings: readonly string[]
}

/** Makes the routes, those of the short form included; complains into `problems`. */
export function resolveRoutes(
  config: FullConfig,
  applications: readonly PlacedApplication[],
  problems: string[],
): ResolvedRoutes {
  const routes = config.routes.flatMap((route, index) =>
    resolveRoute({ route, where: `routes[${index}]`, applications, problems }),
  )
  checkDuplicates(config.routes, problems)
  for (const [path, root] of Object.entries(config.static))
    routes.push({ host: undefined, path, answerer: createFiles(root) })
  const unrouted = applications.filter(({ application: { name } }) => !isRouted(name, routes))
  const warnings: string[] = []
  for (const { application, group } of unrouted) {
    const answerer: AnswererPlan = { kind: 'app', app: application.name, group }
    if (application.name === SHORT_FORM_NAME && config.app !== undefined)
      routes.push({ host: undefined, path: config.mount, answerer })
    else if (applications.length === 1) routes.push({ host: undefined, path: '/', answerer })
    else warnings.push(`application ${application.name} has no route, so nothing reaches it`)
  }
  for (const { path } of routes) {
    const name = nameOf(path, config)
    if (path.startsWith('/')) checkBy(() => parseMount(path), name, problems)
    else problems.push(`${name}: ${JSON.stringify(path)} must begin with a slash`)
  }
  return { routes, warnings }
}

/** Reads a value as the pipeline will, so that its complaint comes with the place in the configuration. */
function checkBy(read: () => unknown, where: string, problems: string[]): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof TaipanError)) throw error
    problems.push(`${where}: ${error.message}`)
  }
}

function nameOf(path: string, config: FullConfig): string {
  const index = config.routes.findIndex((route) => route.path === path)
  if (index >= 0) return `routes[${index}].path`
  return Object.hasOwn(config.static, path) ? 'static' : 'mount'
}

function isRouted(name: string, routes: readonly RoutePlan[]): boolean {
  return routes.some(({ answerer }) => answerer.kind === 'app' && answerer.app === name)
}

function createFiles(root: string, route?: RouteConfig): AnswererPlan {
  return {
    kind: 'static',
    root,
    cacheControl: route?.cacheControl,
    index: route?.index === false ? undefined : (route?.index ?? 'index.html'),
    precompressed: route?.precompressed,
    // Files of the short form win over the application; a route of its own answers alone.
    fallthrough: route === undefined || route.fallthrough === true,
  }
}

function resolveRoute(parts: {
  readonly route: RouteConfig
  readonly where: string
  readonly applications: readonly PlacedApplication[]
  readonly problems: string[]
}): RoutePlan[] {
  const { route, where, problems } = parts
  const given = ANSWERERS.filter((key) => route[key] !== undefined)
  const [kind] = given
  if (kind === undefined || given.length > 1) {
    const found = kind === undefined ? 'none' : given.join(' and ')
    problems.push(`${where}: needs exactly one answerer (${ANSWERERS.join(', ')}), found ${found}`)
    return []
  }
  for (const [key, owner] of Object.entries(BELONGS_TO))
    if (Reflect.get(route, key) !== undefined && owner !== kind)
      problems.push(
        `${where}.${key}: belongs to a route with "${owner}", and this one has "${kind}"`,
      )
  checkBy(() => parseHostRule(route.host), `${where}.host`, problems)
  const answerer = createAnswerer(parts)
  return answerer === undefined ? [] : [{ host: route.host, path: route.path, answerer }]
}

function createAnswerer(parts: Parameters<typeof resolveRoute>[0]): AnswererPlan | undefined {
  const { route, where, applications, problems } = parts
  if (route.static !== undefined) return createFiles(route.static, route)
  const { redirect: to, status } = route
  if (to !== undefined) {
    checkBy(() => parseRedirectTarget(to), `${where}.redirect`, problems)
    return { kind: 'redirect', to, status }
  }
  const app = route.app ?? ''
  const placed = applications.find(({ application }) => application.name === app)
  if (placed !== undefined) return { kind: 'app', app, group: placed.group }
  const names = applications.map(({ application }) => application.name)
  const help = names.length === 0 ? '' : ` Applications: ${names.join(', ')}.`
  problems.push(
    `${where}.app: there is no application ${JSON.stringify(app)}.${suggest(app, names) || help}`,
  )
  return undefined
}

function checkDuplicates(routes: readonly RouteConfig[], problems: string[]): void {
  const seen = new Map<string, number>()
  for (const [index, { host, path }] of routes.entries()) {
    const key = `${(host ?? '*').toLowerCase()} ${path.replace(/(?<=.)\/$/, '')}`
    const earlier = seen.get(key)
    // Behind files with fallthrough another answerer may stand.
    if (earlier !== undefined && routes[earlier]?.fallthrough !== true)
      problems.push(
        `routes[${index}]: has the same ${host === undefined ? 'path' : 'host and path'} as routes[${earlier}], which would always answer`,
      )
    seen.set(key, index)
  }
}
