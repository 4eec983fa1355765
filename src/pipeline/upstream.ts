import { decodePercent } from '../wire/percent.ts'
import type { Invoke } from './application.ts'
import type { Answerer } from './routes.ts'

/** Answers a route with another server, which gets the path below the route, or the whole one. */
export function createUpstreamAnswerer({
  name,
  keepPrefix,
  invoke,
}: {
  /** In the access log. */
  readonly name: string
  readonly keepPrefix: boolean
  readonly invoke: Invoke
}): Answerer {
  return (exchange, { scriptName, pathInfo }) => {
    exchange.notes.answeredBy = name
    const place = keepPrefix
      ? { scriptName: '', pathInfo: decodePercent(exchange.request.path) }
      : { scriptName, pathInfo }
    invoke(exchange, { application: name, ...place })
  }
}
