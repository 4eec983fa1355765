import type { PeerDirectory } from '../core/peer-directory.ts'
import type { Invocation } from '../core/upstream.ts'
import { decodePercent } from '../wire/percent.ts'
import type { Invoke } from './application.ts'
import type { RouteMatch } from './route-path.ts'
import type { Answerer } from './routes.ts'

/** What a route gives to peers. */
export interface PeersOptions {
  readonly directory: PeerDirectory
  readonly invoke: Invoke
  /** The name that all requests are for; undefined: the path has it. */
  readonly name: string | undefined
  /** Requests for which nothing has registered go to the next route. */
  readonly fallthrough: boolean
}

/** What is known of a request for peers. */
type Found = Omit<Invocation, 'script' | 'interface'>

/** Answers a route with programs that have registered. */
export function createPeersAnswerer({
  directory,
  invoke,
  name,
  fallthrough,
}: PeersOptions): Answerer {
  const find = name === undefined ? findByPath(directory) : findByName(directory, name)
  return (exchange, match, next) => {
    const { host, path } = exchange.request
    const found = find(host, path.slice(match.restOffset), match)
    if (found === undefined && fallthrough) {
      next(exchange)
      return
    }
    const { scriptName, pathInfo } = match
    // What nothing has registered for gets the answer of an upstream that cannot be reached.
    const invocation = found ?? { application: name ?? '', scriptName, pathInfo }
    exchange.notes.answeredBy = 'lrwp'
    invoke(exchange, invocation)
  }
}

type Find = (host: string, rest: string, match: RouteMatch) => Found | undefined

/** The name follows the path of the route. */
function findByPath(directory: PeerDirectory): Find {
  return (host, rest, { scriptName }) => {
    const found = directory.findByPath(host, rest)
    if (found === undefined) return undefined
    const { application, end } = found
    return {
      application,
      scriptName: scriptName + decodePercent(rest.slice(0, end)),
      pathInfo: decodePercent(rest.slice(end)),
    }
  }
}

function findByName(directory: PeerDirectory, name: string): Find {
  return (host, _rest, { scriptName, pathInfo }) => {
    const application = directory.findByName(host, name)
    return application === undefined ? undefined : { application, scriptName, pathInfo }
  }
}
