import type { AccessLog } from '../pipeline/access-log.ts'
import type { LogSettings } from '../replicas/messages.ts'
import { createLogger, type ServerLogger } from '../telemetry/logger.ts'
import { openAccessOutput, openReplicaAccessOutput, type AccessOutput } from './access-output.ts'
import { createAccessLog } from './create-access-log.ts'
import { openPlace } from './open-place.ts'

/** The logs of a process. */
export interface Logs {
  /** Its `close` closes all of them. */
  readonly logger: ServerLogger
  /** Undefined: requests are not logged. */
  readonly accessLog: AccessLog | undefined
  /** Opens files anew, because they were renamed. */
  reopen(): void
}

/** Opens what records go to. Rejects with `CONFIG_INVALID` if that cannot be written, or `NATIVE_CALLS`. */
export async function openLogs(settings: LogSettings): Promise<Logs> {
  const { level, format, colors, to } = settings
  const logger = createLogger({ level, format, colors, destination: await openPlace(to) })
  return await complete(settings, logger, openAccessOutput)
}

/** The logs of a replica: lines go to the parent process by a descriptor. Rejects as `openLogs` does. */
export async function openReplicaLogs(settings: LogSettings, descriptor: number): Promise<Logs> {
  const { level, format, colors, to } = settings
  const place = await openPlace(to)
  const destination = typeof place === 'number' ? descriptor : place
  const logger = createLogger({ level, format, colors, destination })
  return await complete(settings, logger, openReplicaAccessOutput)
}

async function complete(
  settings: LogSettings,
  logger: ServerLogger,
  open: (settings: LogSettings, logger: ServerLogger) => Promise<AccessOutput>,
): Promise<Logs> {
  try {
    const access = await open(settings, logger)
    return {
      logger: access.join(logger),
      accessLog: createAccessLog(access.logger, settings),
      reopen: () => access.reopen(),
    }
  } catch (error) {
    await logger.close()
    throw error
  }
}
