import type { DispatchFunction } from '../../pipeline/dispatch/choosers.ts'
import type { FullConfig } from '../options/schema.ts'
import type { RouteFunctions, RoutePlan } from './resolved.ts'

type RouteConfig = FullConfig['routes'][number]

/** The functions of the routes that have some, by their index. */
export function selectRouteFunctions(
  routes: readonly RouteConfig[],
): ReadonlyMap<number, RouteFunctions> {
  const found = new Map<number, RouteFunctions>()
  for (const [index, { access, auth, pyisapie }] of routes.entries()) {
    const { checkPassword, getRealmHash, groupsForUser } = auth ?? {}
    const functions = {
      access: typeof access === 'function' ? access : undefined,
      auth: { checkPassword, getRealmHash, groupsForUser },
      interpreterMap:
        typeof pyisapie?.interpreterMap === 'function' ? pyisapie.interpreterMap : undefined,
    }
    const { auth: ofUsers, ...others } = functions
    const has = [...Object.values(ofUsers), ...Object.values(others)]
    if (has.some((one) => one !== undefined)) found.set(index, functions)
  }
  return found
}

/** The functions that choose for the requests of applications, by their names. */
export function selectDispatchers(apps: FullConfig['apps']): ReadonlyMap<string, DispatchFunction> {
  const found = new Map<string, DispatchFunction>()
  for (const [name, { dispatch }] of Object.entries(apps))
    if (typeof dispatch === 'function') found.set(name, dispatch)
  return found
}

/** Whether a route has functions. */
export function hasFunctions({ guard, answerer }: RoutePlan): boolean {
  return (
    guard?.access?.kind === 'functions' ||
    guard?.auth?.source.kind === 'functions' ||
    (answerer.kind === 'app' &&
      answerer.plan.dispatch !== undefined &&
      answerer.plan.dispatch.script === undefined) ||
    (answerer.kind === 'pyisapie' && answerer.plan.chooser !== undefined)
  )
}
