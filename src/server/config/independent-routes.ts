import type { RoutePlan } from './resolved.ts'

const INDEPENDENT: ReadonlySet<string> = new Set(['static', 'lrwp', 'upstream'])

/** Whether some routes answer by themselves, whatever can be loaded: a server is worth running for them. */
export function hasIndependentRoutes(routes: readonly RoutePlan[]): boolean {
  return routes.some(({ answerer: { kind } }) => INDEPENDENT.has(kind))
}
