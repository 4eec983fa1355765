import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { TaipanError } from '../../core/errors.ts'

/** Reads `KEY=VALUE` lines: comments, quotes, values over several lines in quotes, `export`. Throws `CONFIG_NOT_FOUND`. */
export function loadEnvFile(path: string): Record<string, string> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${String(code)})`
    throw new TaipanError('CONFIG_NOT_FOUND', `environment file ${path} ${reason}`, {
      cause: error,
    })
  }
  const variables: Record<string, string> = {}
  for (const [key, value] of Object.entries(parseEnv(text.replace(/^\uFEFF/, '')))) {
    // Node 20 puts a line without `=` before the name that follows it.
    const name = key.split('\n').at(-1)?.trim() ?? ''
    if (name !== '' && value !== undefined) variables[name] = value
  }
  return variables
}
