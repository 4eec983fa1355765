import type { LogFields } from '../core/logger.ts'
import { formatFieldValue, formatText, toSeverity } from './plain-record.ts'
import type { RecordLevel } from './pretty.ts'

/** Longer values are cut: a datagram of a Unix socket has room for some 200 KiB. */
const MOST_OF_VALUE = 48 * 1024
const MOST_OF_RECORD = 160 * 1024
/** Names that journald accepts have at most 64 characters. */
const LONGEST_NAME = 64
const PREFIX = 'TAIPAN_'

/** A record in the native protocol of systemd-journald: each field of the record is one of the journal. */
export function formatJournalRecord(
  level: RecordLevel,
  fields: LogFields,
  message: string,
): Uint8Array {
  const parts: Buffer[] = []
  let size = 0
  const add = (name: string, value: string): void => {
    const part = formatField(name, Buffer.from(value).subarray(0, MOST_OF_VALUE))
    if (size + part.length > MOST_OF_RECORD) return
    size += part.length
    parts.push(part)
  }
  add('PRIORITY', String(toSeverity(level)))
  add('SYSLOG_IDENTIFIER', 'taipan')
  add('SYSLOG_PID', String(process.pid))
  add('MESSAGE', formatText(fields, message))
  for (const [name, value] of Object.entries(fields)) {
    const text = formatFieldValue(value)
    if (text !== undefined) add(formatName(name), text)
  }
  return Buffer.concat(parts)
}

/** Values with line ends have their length before them. */
function formatField(name: string, value: Buffer): Buffer {
  const LINE_END = 10
  if (!value.includes(LINE_END))
    return Buffer.concat([Buffer.from(`${name}=`), value, Buffer.from('\n')])
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(value.length))
  return Buffer.concat([Buffer.from(`${name}\n`), length, value, Buffer.from('\n')])
}

/** `exitCode` is TAIPAN_EXIT_CODE; other characters than letters, digits and underscores are none of a name. */
function formatName(name: string): string {
  const words = name.replaceAll(/(?<=[a-z\d])[A-Z]/g, (letter) => `_${letter}`)
  return (PREFIX + words.toUpperCase().replaceAll(/[^A-Z\d_]/g, '_')).slice(0, LONGEST_NAME)
}
