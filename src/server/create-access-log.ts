import { parseAccessFormat } from '../pipeline/access-format.ts'
import { createLineLog, createRecordLog, type AccessLog } from '../pipeline/access-log.ts'
import type { LogSettings } from '../replicas/messages.ts'
import type { ServerLogger } from '../telemetry/logger.ts'

/** Makes what logs requests, as the settings say; undefined when nothing does. */
export function createAccessLog(
  logger: ServerLogger,
  { access, accessFormat, format }: LogSettings,
): AccessLog | undefined {
  if (!access) return undefined
  if (format === 'json' || accessFormat === 'pretty') return createRecordLog(logger)
  return createLineLog(parseAccessFormat(accessFormat), (line) => logger.relay(line))
}
