import type { RoutePlan } from './resolved.ts'

/** Whether some routes answer by themselves, whatever can be loaded: a server is worth running for them. */
export function hasIndependentRoutes(routes: readonly RoutePlan[]): boolean {
  return routes.some(({ answerer: { kind } }) => kind === 'static' || kind === 'lrwp')
}
