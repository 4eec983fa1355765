import type { Answerer } from '../../pipeline/routes.ts'
import type { FullOptions } from '../option-types/option.ts'
import { APP_ROUTE } from './app-route.ts'
import { CGI_ROUTE } from './cgi-route.ts'
import { HANDLER_ROUTE } from './handler-route.ts'
import { LRWP_ROUTE } from './lrwp-route.ts'
import { MOD_PYTHON_ROUTE } from './mod-python-route.ts'
import { PYISAPIE_ROUTE } from './pyisapie-route.ts'
import { REDIRECT_ROUTE } from './redirect-route.ts'
import type { AnswererContext, RouteContext, RouteKind } from './route-kind.ts'
import { SCRIPTS_ROUTE } from './scripts-route.ts'
import { STATIC_ROUTE } from './static-route.ts'
import { UPSTREAM_ROUTE } from './upstream-route.ts'

/** All kinds of routes, by name. */
export const ROUTE_KINDS = {
  app: APP_ROUTE,
  scripts: SCRIPTS_ROUTE,
  cgi: CGI_ROUTE,
  handler: HANDLER_ROUTE,
  modPython: MOD_PYTHON_ROUTE,
  pyisapie: PYISAPIE_ROUTE,
  static: STATIC_ROUTE,
  redirect: REDIRECT_ROUTE,
  lrwp: LRWP_ROUTE,
  upstream: UPSTREAM_ROUTE,
}

/** The keys of all kinds. */
export const ROUTE_KIND_OPTIONS = {
  ...APP_ROUTE.options,
  ...SCRIPTS_ROUTE.options,
  ...CGI_ROUTE.options,
  ...HANDLER_ROUTE.options,
  ...MOD_PYTHON_ROUTE.options,
  ...PYISAPIE_ROUTE.options,
  ...STATIC_ROUTE.options,
  ...REDIRECT_ROUTE.options,
  ...LRWP_ROUTE.options,
  ...UPSTREAM_ROUTE.options,
}

type Kinds = typeof ROUTE_KINDS

/** The name of a kind. */
export type RouteKindName = keyof Kinds

/** The names of all kinds. */
export const ROUTE_KIND_NAMES: readonly RouteKindName[] = Object.keys(ROUTE_KINDS).filter(isName)

type PlanOf<N extends RouteKindName> = Kinds[N] extends RouteKind<infer _, infer P> ? P : never
type ValuesOf<N extends RouteKindName> = N extends RouteKindName
  ? FullOptions<Kinds[N]['options']>
  : never

/** The answerer of a route, as plain data. */
export type AnswererPlan<K extends RouteKindName = RouteKindName> = {
  readonly [N in K]: { readonly kind: N; readonly plan: PlanOf<N> }
}[K]

type Resolvers = {
  readonly [N in RouteKindName]: {
    resolve(route: ValuesOf<N>, context: RouteContext): PlanOf<N> | undefined
  }
}
type Creators = {
  readonly [N in RouteKindName]: {
    createAnswerer(
      plan: AnswererPlan<N>['plan'],
      context: AnswererContext,
    ): Answerer | Promise<Answerer>
  }
}

/** The plan of a route of this kind; undefined if errors were added that make it impossible. */
export function resolveAnswerer<K extends RouteKindName>(
  kind: K,
  route: ValuesOf<K>,
  context: RouteContext,
): AnswererPlan<K> | undefined {
  const resolvers: Resolvers = ROUTE_KINDS
  const plan = resolvers[kind].resolve(route, context)
  return plan === undefined ? undefined : { kind, plan }
}

/** Makes the answerer of a route. */
export async function createAnswerer<K extends RouteKindName>(
  { kind, plan }: AnswererPlan<K>,
  context: AnswererContext,
): Promise<Answerer> {
  const creators: Creators = ROUTE_KINDS
  return await creators[kind].createAnswerer(plan, context)
}

function isName(name: string): name is RouteKindName {
  return Object.hasOwn(ROUTE_KINDS, name)
}
