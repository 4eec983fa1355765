import type { Answerer } from './routes.ts'

/** Which requests below the path of a route it answers; others go to the next matching route. */
export interface Narrowing {
  /** Undefined: all. GET includes HEAD. */
  readonly methods: readonly string[] | undefined
  /** Tests the percent-decoded rest of the path, without its first slash. Undefined: all. */
  readonly matches: ((rest: string) => boolean) | undefined
}

/** Passes requests on that a route does not answer. */
export function narrowAnswerer(answer: Answerer, { methods, matches }: Narrowing): Answerer {
  if (methods === undefined && matches === undefined) return answer
  const allowed = methods === undefined ? undefined : new Set(methods)
  if (allowed?.has('GET') === true) allowed.add('HEAD')
  return (exchange, match, next) => {
    const fits =
      (allowed === undefined || allowed.has(exchange.request.method)) &&
      (matches === undefined || matches(match.pathInfo.slice(1)))
    if (fits) answer(exchange, match, next)
    else next(exchange)
  }
}
