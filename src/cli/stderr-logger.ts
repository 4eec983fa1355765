import type { Logger } from '../core/logger.ts'
import { createLogger } from '../telemetry/logger.ts'

/** A logger for JSON records that are no output of the command. */
export function createStderrLogger(): Logger {
  const destination = { write: (lines: string) => void process.stderr.write(lines) }
  return createLogger({ level: 'info', format: 'json', destination })
}
