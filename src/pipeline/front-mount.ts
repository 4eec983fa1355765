import type { Exchange } from '../core/exchange.ts'
import { ChangedExchange } from './changed-exchange.ts'
import { createMount, findRest, type Mount } from './route-path.ts'

/** What of the path of a request is the mount that a server in front has given; the routes begin below it. */
export interface FrontMount {
  /** Percent-decoded, without a trailing slash; empty for none. */
  readonly scriptName: string
  /** Length of the mount in the raw path. */
  readonly length: number
}

const NONE: FrontMount = { scriptName: '', length: 0 }

/** The mount in the path of a request. None, too, where a redirect within the server has led out of it. */
export function findFrontMount({ frontServer, request }: Exchange): FrontMount {
  if (frontServer === undefined || frontServer.mount === '') return NONE
  const length = findRest(createMount(frontServer.mount), request.path)
  return length === -1 ? NONE : { scriptName: frontServer.mount, length }
}

/** The raw path that routes are looked for with; empty for the mount itself. */
export function readRoutedPath(exchange: Exchange): string {
  return exchange.request.path.slice(findFrontMount(exchange).length)
}

/**
 * The exchange without the mount of a server in front, if no route is below it but one has the whole path: both are then
 * configured with the same mount.
 */
export function dropSharedMount(
  exchange: Exchange,
  routes: readonly { readonly mount: Mount }[],
): Exchange {
  const { frontServer, request } = exchange
  if (frontServer === undefined || frontServer.mount === '') return exchange
  const answers = (path: string): boolean =>
    routes.some(({ mount }) => findRest(mount, path) !== -1)
  if (answers(readRoutedPath(exchange)) || !answers(request.path)) return exchange
  return new ChangedExchange(exchange, { frontServer: { ...frontServer, mount: '' } })
}
