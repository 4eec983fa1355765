import type { Handler } from '../core/exchange.ts'
import type { Logger } from '../core/logger.ts'
import { withAccessLog } from './access-log.ts'
import { createRouter, type Route } from './routes.ts'

/** The parts of a pipeline. */
export interface PipelineOptions {
  readonly routes: readonly Route[]
  /** Gets one record for each exchange; undefined: no access log, and no cost. */
  readonly accessLog?: Logger | undefined
}

/** Composes access log, routes and answerers. Throws `CONFIG_INVALID` for a route that can never match. */
export function createPipeline(options: PipelineOptions): Handler {
  const router = createRouter(options.routes)
  return options.accessLog === undefined ? router : withAccessLog(router, options.accessLog)
}
