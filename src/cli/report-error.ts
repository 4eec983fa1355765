import { TaipanError } from '../core/errors.ts'
import { selectDetails } from './details.ts'
import { createPalette, resolveColors } from '../telemetry/palette.ts'

/** Prints an error to standard error; returns the exit code. */
export function reportError(error: unknown): number {
  const palette = createPalette(resolveColors(process.env, process.stderr.isTTY))
  const label = palette.red('error:')
  if (error instanceof TaipanError) {
    const details = typeof error.cause === 'string' ? selectDetails(error.cause, error.message) : ''
    process.stderr.write(`${details === '' ? '' : `${details}\n`}${label} ${error.message}\n`)
    return error.facts.exitCode ?? 1
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`${label} Taipan itself failed; this is a bug.\n${text}\n`)
  return 70
}
