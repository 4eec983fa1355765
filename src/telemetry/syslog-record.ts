import { hostname } from 'node:os'

import type { LogFields } from '../core/logger.ts'
import { formatFieldValue, formatText, toSeverity } from './plain-record.ts'
import type { RecordLevel } from './pretty.ts'

/** Records beyond this are cut by many receivers (RFC 5426, 3.2). */
const MOST_OF_REMOTE = 2048
const MOST_OF_LOCAL = 8192
const LONGEST_NAME = 32
/** Structured data needs the number of an enterprise; this one is for examples (RFC 5612). */
const DATA_ID = 'taipan@32473'
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** What a record of syslog is made of. */
export interface SyslogFacts {
  readonly facility: number
  readonly level: RecordLevel
  readonly fields: LogFields
  readonly message: string
}

/** A record for the socket of this machine, in the old form that every syslog reads (RFC 3164). */
export function formatLocalSyslog({ facility, level, fields, message }: SyslogFacts): Uint8Array {
  const time = new Date()
  const day = String(time.getDate()).padStart(2, ' ')
  const clock = time.toTimeString().slice(0, 8)
  const pairs = listPairs(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
  const text = escapeText(formatText(fields, message)) + pairs.join('')
  const head = `<${facility * 8 + toSeverity(level)}>${MONTHS[time.getMonth()]} ${day} ${clock} taipan[${process.pid}]: `
  return cut(Buffer.from(head + text), MOST_OF_LOCAL)
}

/** A record for the network, with its fields as structured data (RFC 5424). */
export function formatRemoteSyslog({ facility, level, fields, message }: SyslogFacts): Uint8Array {
  const pairs = listPairs(fields).map(([name, value]) => ` ${name}="${escapeParameter(value)}"`)
  const data = pairs.length === 0 ? '-' : `[${DATA_ID}${pairs.join('')}]`
  const head = `<${facility * 8 + toSeverity(level)}>1 ${new Date().toISOString()} ${hostname() || '-'} taipan ${process.pid} - `
  const text = ` ${escapeText(formatText(fields, message))}`
  const whole = Buffer.from(head + data + text)
  // Half of a structured element would be no record at all.
  return whole.length <= MOST_OF_REMOTE
    ? whole
    : cut(Buffer.from(`${head}-${text}`), MOST_OF_REMOTE)
}

function listPairs(fields: LogFields): [string, string][] {
  const pairs: [string, string][] = []
  for (const [name, value] of Object.entries(fields)) {
    const text = formatFieldValue(value)
    const safe = name.replaceAll(/[^\w.-]/g, '_').slice(0, LONGEST_NAME)
    if (text !== undefined && safe !== '') pairs.push([safe, text])
  }
  return pairs
}

/** One record is one line. */
function escapeText(text: string): string {
  return text.trimEnd().replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\0', '\\0')
}

/** RFC 5424, 6.3.3. */
function escapeParameter(value: string): string {
  return escapeText(value.replaceAll(/["\\\]]/g, (character) => `\\${character}`))
}

/** Does not end within a character. */
function cut(bytes: Buffer, most: number): Uint8Array {
  if (bytes.length <= most) return bytes
  let end = most
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.subarray(0, end)
}
