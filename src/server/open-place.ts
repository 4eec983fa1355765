import { parseLogPlace } from '../telemetry/log-place.ts'
import type { LoggerOptions } from '../telemetry/logger.ts'

/** The destination of a logger for a place as `parseLogPlace` takes it. Rejects with `CONFIG_INVALID` or `NATIVE_CALLS`. */
export async function openPlace(to: string): Promise<NonNullable<LoggerOptions['destination']>> {
  const place = parseLogPlace(to)
  if (place.kind === 'descriptor') return place.descriptor
  const { openRecordPlace } = await import('../telemetry/record-place.ts')
  return await openRecordPlace(place)
}
