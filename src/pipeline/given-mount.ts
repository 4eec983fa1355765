import type { Exchange, Handler } from '../core/exchange.ts'
import { encodePath } from '../wire/percent.ts'
import { ChangedExchange } from './changed-exchange.ts'
import { createMount, findRest, type RouteMatch } from './route-path.ts'

/** What the answerer of a route gets. */
export interface GivenRoute {
  readonly exchange: Exchange
  readonly match: RouteMatch
  readonly next: Handler
}

/** Puts the SCRIPT_NAME that a proxy has given in the place of the route's; the path is then the one that the client has asked for. */
export function takeGivenMount(route: GivenRoute, givenMount: string): GivenRoute {
  const { exchange, match, next } = route
  const { path, target } = exchange.request
  const prefix = encodePath(givenMount)
  const request = {
    ...exchange.request,
    path: prefix + path.slice(match.restOffset),
    target: prefix + target.slice(match.restOffset),
  }
  return {
    exchange: new ChangedExchange(exchange, { request }),
    match: { ...match, scriptName: givenMount, restOffset: prefix.length },
    // Other routes match by the path as it came.
    next: (passed) =>
      next(new ChangedExchange(passed, { request: { ...passed.request, path, target } })),
  }
}

/** What an application redirects to within the server, as its routes have it. */
export function withoutGivenMount({ givenMount }: Exchange, target: string): string {
  if (givenMount === undefined) return target
  const [path = ''] = target.split('?', 1)
  const length = findRest(createMount(givenMount), path)
  return length === -1 ? target : target.slice(length) || '/'
}
