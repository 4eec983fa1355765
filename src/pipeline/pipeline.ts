import type { Handler } from '../core/exchange.ts'
import { withAccessLog, type AccessLog } from './access-log.ts'
import type { LocalRedirects } from './local-redirect.ts'
import { withRootPath } from './root-path.ts'
import { createRouter, type Route } from './routes.ts'

/** The parts of a pipeline. */
export interface PipelineOptions {
  readonly routes: readonly Route[]
  /** Gets each exchange; undefined: no access log, and no cost. */
  readonly accessLog?: AccessLog | undefined
  /** Prefix that a proxy has taken away from the paths of requests; routes have it. */
  readonly rootPath?: string | undefined
  /** Comes before the routes, as a redirect to https does. */
  readonly before?: ((handler: Handler) => Handler) | undefined
  /** Gets the routes, for redirects within the server. */
  readonly redirects?: LocalRedirects | undefined
}

/** Composes access log, routes and answerers; the log has the paths as they came. Throws `CONFIG_INVALID` for a route that can never match. */
export function createPipeline(options: PipelineOptions): Handler {
  const { routes, accessLog, rootPath, redirects, before } = options
  const router = createRouter(routes)
  redirects?.connect(router)
  const mounted = rootPath === undefined ? router : withRootPath(router, rootPath)
  const handler = before === undefined ? mounted : before(mounted)
  return accessLog === undefined ? handler : withAccessLog(handler, accessLog)
}
