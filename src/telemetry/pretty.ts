import type { LogFields } from '../core/logger.ts'
import { escapeControls, escapeLines } from './escape-controls.ts'
import { formatAccess, isAccess } from './pretty-access.ts'
import type { Palette } from './palette.ts'
import { tells } from './tells.ts'

/** Levels of log records, least important first, and that of what applications print. */
export type RecordLevel = 'debug' | 'info' | 'warn' | 'error' | 'output'

/** A record as given to the logger. */
export interface LogRecord {
  readonly time: number
  readonly level: RecordLevel
  readonly fields: LogFields
  readonly message: string
}

// Fields that are shown in another place than the list of fields.
const PLACED = new Set(['traceback', 'stream', 'err'])
const PLACED_OF_WORKER = new Set([...PLACED, 'worker', 'request', 'logger'])

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

function formatWorkerOutput(record: LogRecord, palette: Palette): string {
  const { level, fields, message } = record
  const request = typeof fields['request'] === 'string' ? ` ${fields['request']}` : ''
  const origin = palette.dim(`[${String(fields['worker'])}${request}]`)
  const logger = typeof fields['logger'] === 'string' ? `${fields['logger']}: ` : ''
  const text = `${origin} ${formatLevel(level, palette)}${logger}${holdLines(message.trimEnd())}`
  const { inline, blocks } = formatFields(fields, palette, isPlacedOfWorker)
  return text + inline + blocks
}

function isPlacedOfWorker(name: string): boolean {
  return PLACED_OF_WORKER.has(name)
}

function formatReport({ level, fields, message }: LogRecord, palette: Palette): string {
  const isTold = (name: string, value: unknown): boolean =>
    PLACED.has(name) || isBlank(value) || tells(message, name, value)
  const { inline, blocks } = formatFields(fields, palette, isTold)
  return formatLevel(level, palette) + holdLines(escapeLines(message)) + inline + blocks
}

/** Fields as ` name=value`, and those of several lines as blocks below the record. */
function formatFields(
  fields: LogFields,
  palette: Palette,
  isTold: (name: string, value: unknown) => boolean,
): { readonly inline: string; readonly blocks: string } {
  let inline = ''
  let blocks = ''
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || isTold(name, value)) continue
    const block = formatBlock(value)
    if (block === undefined) inline += ` ${palette.dim(`${name}=`)}${formatValue(value)}`
    else blocks += `\n  ${palette.dim(`${name}:`)}${block}`
  }
  return { inline, blocks }
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

/** Moves lines of a message that look like records of their own. */
function holdLines(text: string): string {
  return text.replaceAll(/\n(?=\d\d:\d\d:\d\d )/g, '\n    ')
}

function formatLevel(level: RecordLevel, palette: Palette): string {
  if (level === 'info' || level === 'output') return ''
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
  // oxlint-disable-next-line no-control-regex
  if (typeof value === 'string' && /^[^\s"=\0-\x1f\x7f-\x9f]+$/.test(value)) return value
  try {
    return escapeControls(JSON.stringify(value) ?? String(value))
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
