import { createLogger, type ServerLogger } from '../telemetry/logger.ts'
import { resolveColors } from '../telemetry/palette.ts'
import type { ServerPlan } from './config/resolved.ts'
import { resolveConfigPlan } from './load-plan.ts'
import type { TaipanConfig } from './options/schema.ts'
import type { LogSettings } from '../replicas/messages.ts'
import { readProcess } from './read-process.ts'

/** Common input of the library's functions. */
export interface LibraryPlan {
  readonly plan: ServerPlan
  /** Writes to standard error; the caller closes it. */
  readonly logger: ServerLogger
  readonly settings: LogSettings
}

/** Resolves options with the defaults of the library: few log records, no file, no variables. Throws `CONFIG_INVALID` or `CONFIG_NOT_FOUND`. */
export function resolveLibraryPlan(options: TaipanConfig): LibraryPlan {
  const { environment, cwd } = readProcess()
  const plan = resolveConfigPlan(options, { environment, cwd })
  const { level = 'warn', format, access = false, accessFormat } = plan.log
  const colors = resolveColors(environment, process.stderr.isTTY)
  const logger = createLogger({ level, format, destination: 2, colors })
  const settings = {
    level,
    format,
    colors,
    access: access && logger.isEnabled('info'),
    accessFormat,
  }
  return { plan, logger, settings }
}
