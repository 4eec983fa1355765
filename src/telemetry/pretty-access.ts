import type { LogFields } from '../core/logger.ts'
import { escapeControls } from './escape-controls.ts'
import type { Palette } from './palette.ts'

/** Whether the fields are those of an access log record. */
export function isAccess(fields: LogFields): boolean {
  // The records of an application may have any fields.
  if (fields['stream'] !== undefined) return false
  return typeof fields['status'] === 'number' && typeof fields['method'] === 'string'
}

/** `127.0.0.1 GET /path 200 13 B 1.2 ms (queued 0.1, python 0.9) web/1234 id`. */
export function formatAccess(fields: LogFields, palette: Palette): string {
  const line = `${String(fields['method'])} ${String(fields['target'])}`
  const bytes = formatBytes(Number(fields['bytes']))
  const duration = formatMilliseconds(Number(fields['duration']))
  const error = typeof fields['error'] === 'string' ? ` ${escapeControls(fields['error'])}` : ''
  const status = formatStatus(Number(fields['status']), palette)
  const id = palette.dim(String(fields['request']))
  // Clients of Unix sockets, and those that had left before they were accepted, have no address.
  const client = palette.dim(fields['remote'] === '' ? '-' : String(fields['remote']))
  return `${client} ${escapeControls(line)} ${status} ${bytes} ${duration} ms${formatOrigin(fields)} ${id}${palette.red(error)}`
}

function formatOrigin(fields: LogFields): string {
  const worker = fields['worker']
  const application = fields['application']
  if (typeof worker !== 'string' || worker === '')
    return application === '' ? '' : ` ${String(application)}`
  const queued = formatMilliseconds(Number(fields['queued']))
  const python = formatMilliseconds(Number(fields['python']))
  return ` (queued ${queued}, python ${python}) ${worker}`
}

function formatStatus(status: number, palette: Palette): string {
  if (status === 0) return palette.red('aborted')
  if (status >= 500) return palette.red(String(status))
  if (status >= 400) return palette.yellow(String(status))
  return status >= 300 ? palette.cyan(String(status)) : palette.green(String(status))
}

/** Rounds, because people need two significant digits only. */
function formatMilliseconds(value: number): string {
  return value >= 10 ? String(Math.round(value)) : String(Math.round(value * 10) / 10)
}

function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
