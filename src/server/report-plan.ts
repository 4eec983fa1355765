import type { Logger } from '../core/logger.ts'
import type { ServerPlan } from './config/resolved.ts'

/** Logs the hints and warnings of a plan. */
export function reportPlan({ hints, warnings }: ServerPlan, logger: Logger): void {
  for (const hint of hints) logger.info({}, hint)
  for (const warning of warnings) logger.warn({}, warning)
}
