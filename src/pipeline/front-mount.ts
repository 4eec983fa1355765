import type { Exchange } from '../core/exchange.ts'
import { createMount, findRest } from './route-path.ts'

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
