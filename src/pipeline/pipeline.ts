import type { Handler } from '../core/exchange.ts'
import type { Logger } from '../core/logger.ts'
import { withAccessLog } from './access-log.ts'
import { createRouter, type Route } from './routes.ts'

/** What happens to exchanges between the front and their answers. */
export interface PipelineOptions {
  readonly routes: readonly Route[]
  /** Takes one record for each exchange; undefined writes none and costs nothing. */
  readonly accessLog?: Logger | undefined
}

/** Composes access log, routes and answerers. Throws `CONFIG_INVALID` for a route that can never match. */
export function createPipeline(options: PipelineOptions): Handler {
  const router = createRouter(options.routes)
  return options.accessLog === undefined ? router : withAccessLog(router, options.accessLog)
}
