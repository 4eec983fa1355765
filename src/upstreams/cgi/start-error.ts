import { closeSync, openSync, readSync } from 'node:fs'
import { TaipanError } from '../../core/errors.ts'

const FIRST_LINE_BYTES = 256

/** Why the system has not started a program, in words for who has written it. */
export function explainStart(file: string, error: Error): TaipanError {
  const cause = { cause: error }
  const code = 'code' in error ? error.code : undefined
  if (code === 'EACCES')
    return new TaipanError('FORBIDDEN', 'is not executable; chmod +x makes it so', cause)
  const interpreter = code === 'ENOENT' ? readInterpreter(file) : undefined
  if (interpreter === undefined) return new TaipanError('UPSTREAM_FAILED', error.message, cause)
  const wayOut = interpreter.endsWith('\r') ? '; end its lines by LF alone, not by CR LF' : ''
  const reason = `its first line names ${JSON.stringify(interpreter)}, which does not exist${wayOut}`
  return new TaipanError('UPSTREAM_FAILED', reason, cause)
}

/** What follows `#!` in a file, without arguments. */
function readInterpreter(file: string): string | undefined {
  const bytes = Buffer.alloc(FIRST_LINE_BYTES)
  try {
    const descriptor = openSync(file, 'r')
    try {
      const size = readSync(descriptor, bytes)
      return /^#![ \t]*([^ \t\n]+)/.exec(bytes.toString('utf8', 0, size))?.[1]
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return undefined
  }
}
