import { resolveColors } from '../telemetry/palette.ts'
import type { LogSettings } from '../replicas/messages.ts'
import type { ServerPlan } from './config/resolved.ts'
import { resolveConfigPlan } from './load-plan.ts'
import { resolveLogSettings } from './log-settings.ts'
import type { TaipanConfig } from './options/schema.ts'
import { readProcess } from './read-process.ts'

/** Common input of the library's functions. */
export interface LibraryPlan {
  readonly plan: ServerPlan
  readonly settings: LogSettings
}

/** Resolves options with the defaults of the library: few log records, no file, no variables. Throws `CONFIG_INVALID` or `CONFIG_NOT_FOUND`. */
export function resolveLibraryPlan(options: TaipanConfig): LibraryPlan {
  const { environment, cwd } = readProcess()
  // The process is the caller's: it stays who it is.
  const plan = { ...resolveConfigPlan(options, { environment, cwd }), account: undefined }
  const stream = plan.log.to === 'stdout' ? process.stdout : process.stderr
  const colors = resolveColors(environment, stream.isTTY)
  const settings = resolveLogSettings(plan.log, {
    level: 'warn',
    access: false,
    to: 'stderr',
    colors,
  })
  return { plan, settings }
}
