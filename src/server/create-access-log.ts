import { parseAccessFormat } from '../pipeline/access-format.ts'
import { createLineLog, createRecordLog, type AccessLog } from '../pipeline/access-log.ts'
import type { LogSettings } from '../replicas/messages.ts'
import type { ServerLogger } from '../telemetry/logger.ts'

/** Makes what logs requests by their logger, as the settings say; undefined when nothing does. */
export function createAccessLog(
  logger: ServerLogger,
  { access, format: usual }: LogSettings,
): AccessLog | undefined {
  if (access === undefined || !logger.isEnabled('info')) return undefined
  const { format = usual } = access
  if (format === 'json' || format === 'pretty') return createRecordLog(logger)
  return createLineLog(parseAccessFormat(format), (line) => logger.relay(line))
}
