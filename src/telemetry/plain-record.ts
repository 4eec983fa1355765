import type { LogFields } from '../core/logger.ts'
import { createPalette } from './palette.ts'
import { formatAccess, isAccess } from './pretty-access.ts'
import type { RecordLevel } from './pretty.ts'

/** Severities of syslog (RFC 5424, table 2), which journald has as PRIORITY. */
const SEVERITIES: Readonly<Record<RecordLevel, number>> = {
  debug: 7,
  info: 6,
  output: 5,
  warn: 4,
  error: 3,
}

const PLAIN = createPalette(false)

/** What a level is to syslog and journald. */
export function toSeverity(level: RecordLevel): number {
  return SEVERITIES[level]
}

/** The text of a record without its fields; a request becomes the line that people read. */
export function formatText(fields: LogFields, message: string): string {
  return isAccess(fields) ? formatAccess(fields, PLAIN) : message
}

/** The value of a field as text; undefined if there is nothing to tell. */
export function formatFieldValue(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  if (value instanceof Error) return value.stack ?? value.message
  try {
    return JSON.stringify(value)
  } catch {
    // It refers to itself, or is a bigint.
    return typeof value === 'bigint' ? value.toString() : undefined
  }
}
