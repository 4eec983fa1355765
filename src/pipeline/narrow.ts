import type { Fits } from './guarded-places.ts'
import type { Answerer } from './routes.ts'

/** Which requests below the path of a route it answers; others go to the next matching route. */
export interface Narrowing {
  /** Undefined: all. GET includes HEAD. */
  readonly methods: readonly string[] | undefined
  /** Tests the percent-decoded rest of the path, without its first slash. Undefined: all. */
  readonly matches: ((rest: string) => boolean) | undefined
}

/** Makes the test of a narrowing; undefined if all requests fit. */
export function createFits({ methods, matches }: Narrowing): Fits | undefined {
  if (methods === undefined && matches === undefined) return undefined
  const allowed = methods === undefined ? undefined : new Set(methods)
  if (allowed?.has('GET') === true) allowed.add('HEAD')
  return (method, rest) =>
    (allowed === undefined || allowed.has(method)) &&
    (matches === undefined || matches(rest.slice(1)))
}

/** Passes requests on that a route does not answer. */
export function narrowAnswerer(answer: Answerer, fits: Fits | undefined): Answerer {
  if (fits === undefined) return answer
  return (exchange, match, next) => {
    if (fits(exchange.request.method, match.pathInfo)) answer(exchange, match, next)
    else next(exchange)
  }
}
