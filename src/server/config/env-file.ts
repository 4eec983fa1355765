import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { TaipanError } from '../../core/errors.ts'

/** Variables of environment files. */
export interface EnvVariables {
  readonly variables: Readonly<Record<string, string>>
  /** About lines without a variable. */
  readonly warnings: readonly string[]
}

/** Reads environment files; they win over `environment`, and later ones over earlier ones. Throws `CONFIG_NOT_FOUND`. */
export function loadEnvFiles(
  paths: readonly string[],
  environment: Readonly<Record<string, string>>,
): EnvVariables {
  const files = paths.map(loadEnvFile)
  return {
    variables: Object.assign({}, environment, ...files.map(({ variables }) => variables)),
    warnings: files.flatMap(({ warnings }) => warnings),
  }
}

/** Reads `KEY=VALUE` lines, with comments, quotes, multi-line values in quotes, `export`. Throws `CONFIG_NOT_FOUND`. */
function loadEnvFile(path: string): EnvVariables {
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
    // For a line without `=`, Node 20 makes it a part of the next name.
    const name = key.split('\n').at(-1)?.trim() ?? ''
    if (name !== '' && value !== undefined) variables[name] = value
  }
  const warnings = listLooseLines(text).map(
    (line) =>
      `${path}, line ${line}: has no "=", so it sets no variable; write NAME=value, or # before a comment`,
  )
  return { variables, warnings }
}

/** Numbers of lines without a variable, from 1. Their text may be a secret. */
function listLooseLines(text: string): number[] {
  const loose: number[] = []
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at]?.trim() ?? ''
    if (line === '' || line.startsWith('#')) continue
    if (line.includes('=')) at = findEndOfValue(lines, at)
    else loose.push(at + 1)
  }
  return loose
}

/** The line where the value of a variable ends: that of its closing quote, if it is quoted. */
function findEndOfValue(lines: readonly string[], start: number): number {
  const [first = '', ...rest] = lines.slice(start)
  const value = first.slice(first.indexOf('=') + 1).trimStart()
  const [quote = ''] = value
  if (!['"', "'", '`'].includes(quote) || value.includes(quote, 1)) return start
  const more = rest.findIndex((line) => line.includes(quote))
  return more < 0 ? start : start + 1 + more
}
