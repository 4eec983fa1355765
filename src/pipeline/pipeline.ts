import type { Handler } from '../core/exchange.ts'
import { withAccessLog, type AccessLog } from './access-log.ts'
import { createRouter, type Route } from './routes.ts'

/** The parts of a pipeline. */
export interface PipelineOptions {
  readonly routes: readonly Route[]
  /** Gets each exchange; undefined: no access log, and no cost. */
  readonly accessLog?: AccessLog | undefined
}

/** Composes access log, routes and answerers. Throws `CONFIG_INVALID` for a route that can never match. */
export function createPipeline(options: PipelineOptions): Handler {
  const router = createRouter(options.routes)
  return options.accessLog === undefined ? router : withAccessLog(router, options.accessLog)
}
