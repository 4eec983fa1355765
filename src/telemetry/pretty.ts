import type { LogFields } from '../core/logger.ts'
import { formatAccess, isAccess } from './pretty-access.ts'
import type { Palette } from './palette.ts'

/** Levels of log records, least important first. */
export type RecordLevel = 'debug' | 'info' | 'warn' | 'error'

/** A record as given to the logger. */
export interface LogRecord {
  readonly time: number
  readonly level: RecordLevel
  readonly fields: LogFields
  readonly message: string
}

// Fields that are shown in another place than the list of fields.
const PLACED = new Set(['traceback', 'stream', 'err'])

/** Formats a record for people: one line, and below it a traceback if there is one. */
export function formatPretty(record: LogRecord, palette: Palette): string {
  const { fields } = record
  const clock = palette.dim(formatClock(record.time))
  if (isAccess(fields)) return `${clock} ${formatAccess(fields, palette)}\n`
  const text =
    typeof fields['stream'] === 'string'
      ? formatWorkerOutput(record, palette)
      : formatReport(record, palette)
  return `${clock} ${text}${formatTraceback(fields)}\n`
}

function formatWorkerOutput({ level, fields, message }: LogRecord, palette: Palette): string {
  const request = typeof fields['request'] === 'string' ? ` ${fields['request']}` : ''
  const origin = palette.dim(`[${String(fields['worker'])}${request}]`)
  return `${origin} ${formatLevel(level, palette)}${message.trimEnd()}`
}

function formatReport({ level, fields, message }: LogRecord, palette: Palette): string {
  let text = formatLevel(level, palette) + message
  let blocks = ''
  for (const [name, value] of Object.entries(fields)) {
    if (isBlank(value) || PLACED.has(name)) continue
    const block = formatBlock(value)
    const shown = block === undefined ? formatValue(value) : ''
    if (block !== undefined) blocks += `\n  ${palette.dim(`${name}:`)}${block}`
    else if (!says(message, shown, value)) text += ` ${palette.dim(`${name}=`)}${shown}`
  }
  return text + blocks
}

/** Whether the message contains the value already, perhaps in another case (WSGI and wsgi). */
function says(message: string, shown: string, value: unknown): boolean {
  if (message.includes(shown)) return true
  return typeof value === 'string' && message.toLowerCase().includes(value.toLowerCase())
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
}

/** Values of several lines are shown below the record; undefined for others. */
function formatBlock(value: unknown): string | undefined {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (!texts.every((text) => typeof text === 'string')) return undefined
  const block = texts.join('\n')
  return Array.isArray(value) || block.includes('\n')
    ? `\n${block.trimEnd()}`.replaceAll('\n', '\n    ')
    : undefined
}

function formatLevel(level: RecordLevel, palette: Palette): string {
  if (level === 'info') return ''
  if (level === 'debug') return palette.dim('debug ')
  return level === 'warn' ? palette.yellow('warning ') : palette.red('error ')
}

function formatTraceback(fields: LogFields): string {
  const traceback = fields['traceback']
  const err = fields['err']
  const reason = err instanceof Error ? `\n${err.message}` : ''
  return typeof traceback === 'string' ? `${reason}\n${traceback.trimEnd()}` : reason
}

function formatValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return value
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}

let clockSecond = 0
let clockText = ''

/** Local time, HH:MM:SS; formatted once per second. */
function formatClock(time: number): string {
  const second = Math.floor(time / 1000)
  if (second !== clockSecond) {
    clockSecond = second
    clockText = new Date(time).toTimeString().slice(0, 8)
  }
  return clockText
}
