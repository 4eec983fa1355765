import { TaipanError } from '../core/errors.ts'
import type { LogFormat } from '../telemetry/logger.ts'
import { createPalette, resolveColors } from '../telemetry/palette.ts'
import { selectDetails } from './details.ts'
import { createStderrLogger } from './stderr-logger.ts'

/** Prints the error that ends the command to standard error, as text or as a JSON record; returns the exit code. */
export function reportError(error: unknown, format: LogFormat): number {
  const known = error instanceof TaipanError
  const message = known ? error.message : 'Taipan itself failed; this is a bug.'
  const exitCode = known ? (error.facts.exitCode ?? 1) : 70
  const details = known ? describeCause(error) : describeUnknown(error)
  if (format === 'json') {
    const code = known ? error.code : 'INTERNAL'
    const fields = { code, exitCode, ...(details !== '' && { traceback: details }) }
    createStderrLogger().error(fields, message)
    return exitCode
  }
  const label = createPalette(resolveColors(process.env, process.stderr.isTTY)).red('error:')
  const line = `${label} ${message}\n`
  if (known) process.stderr.write(details === '' ? line : `${details}\n${line}`)
  else process.stderr.write(`${line}${details}\n`)
  return exitCode
}

function describeCause({ cause, message }: TaipanError): string {
  return typeof cause === 'string' ? selectDetails(cause, message) : ''
}

function describeUnknown(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
