import type { AccessLogSettings, LogSettings } from '../replicas/messages.ts'
import type { LogLevel } from '../telemetry/logger.ts'
import type { FullConfig } from './options/schema.ts'

/** What differs between the command and the library. */
export interface LogDefaults {
  readonly level: LogLevel
  readonly access: boolean
  readonly to: 'stdout' | 'stderr'
  readonly colors: boolean
}

/** Fills in what a configuration leaves open. */
export function resolveLogSettings(log: FullConfig['log'], defaults: LogDefaults): LogSettings {
  const { level = defaults.level, format, to = defaults.to } = log
  const access = resolveAccessLog(log, defaults)
  return { level, format, to, access, colors: defaults.colors && isStandard(to) }
}

function resolveAccessLog(
  { access: given, accessFormat, accessFile, format: usual }: FullConfig['log'],
  defaults: LogDefaults,
): AccessLogSettings | undefined {
  const access = typeof given === 'object' ? given : {}
  const enabled = given ?? (defaults.access || accessFile !== undefined)
  if (enabled === false) return undefined
  const file = accessFile ?? access.file
  const isShared = file === undefined && access.to === undefined
  return {
    // Who reads a log in JSON expects nothing else there.
    format: isShared && usual === 'json' ? 'json' : (accessFormat ?? access.format),
    file,
    rotation: access.rotate && { every: undefined, ...access.rotate },
    to: access.to,
  }
}

function isStandard(to: string): boolean {
  return to === 'stdout' || to === 'stderr'
}
