import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { types } from 'node:util'
import { pathBelow } from '../../core/path-below.ts'
import { TaipanError } from '../../core/errors.ts'
import { isRecord } from '../option-types/plain-object.ts'

const EXTENSIONS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json']
const NAMES = ['ts', 'mts', 'js', 'mjs', 'json'].map((extension) => `taipan.config.${extension}`)

/** A configuration file that was read and is not checked yet. */
export interface ConfigFile {
  /** Name for messages. */
  readonly name: string
  readonly path: string
  /** Relative paths in the file start here. */
  readonly directory: string
  readonly value: Readonly<Record<string, unknown>>
}

/** The configuration file of a folder; undefined if there is none. */
export function findConfigFile(directory: string): string | undefined {
  return NAMES.map((name) => join(directory, name)).find((path) => existsSync(path))
}

/** Loads a configuration file according to its extension; `anew` if it was loaded before. Rejects with `CONFIG_NOT_FOUND` or `CONFIG_INVALID`. */
export async function loadConfigFile(
  file: string,
  cwd: string,
  { anew = false }: { readonly anew?: boolean } = {},
): Promise<ConfigFile> {
  const path = resolve(cwd, file)
  const name = nameFile(path, cwd)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined || found.isDirectory()) {
    const fault = found === undefined ? 'does not exist; looked for' : 'is a folder:'
    throw new TaipanError(
      'CONFIG_NOT_FOUND',
      `configuration file ${JSON.stringify(file)} ${fault} ${path}`,
    )
  }
  if (!EXTENSIONS.includes(extname(path)))
    throw new TaipanError(
      'CONFIG_INVALID',
      `${name} cannot be read: configuration files end in ${EXTENSIONS.join(', ')}; see docs/configuration.md for the options`,
    )
  const value = await readConfig(path, name, anew)
  if (value instanceof NamedExports || !isRecord(value))
    throw new TaipanError(
      'CONFIG_INVALID',
      `${name} has no configuration; ${explainMissing(path, value)}`,
    )
  return { name, path, directory: dirname(path), value }
}

async function readConfig(path: string, name: string, anew: boolean): Promise<unknown> {
  try {
    if (extname(path) === '.json') return parseJson(await readFile(path, 'utf8'))
    return await importModule(path, anew)
  } catch (error) {
    const reason = describeCause(error, path)
    throw new TaipanError('CONFIG_INVALID', `${name} cannot be read: ${reason}`, { cause: error })
  }
}

/** Parses JSON without `$schema`, which is for editors. */
function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
  if (!isRecord(value)) return value
  const { $schema: _, ...rest } = value
  return rest
}

/** Imports a module. `taipan` in it is this package, even if it is not installed there. */
async function importModule(path: string, anew: boolean): Promise<unknown> {
  const { createJiti } = await import('jiti')
  const extension = extname(import.meta.url)
  const self = new URL(`../define-config${extension}`, import.meta.url)
  const jiti = createJiti(import.meta.url, {
    fsCache: false,
    moduleCache: !anew,
    // Else a module without a default export would be its own.
    interopDefault: false,
    alias: { taipan: fileURLToPath(self) },
  })
  const module = await settle(jiti.import(path))
  if (typeof module !== 'object' || module === null) return undefined
  if ('default' in module) return module.default
  const isEsModule =
    types.isModuleNamespaceObject(module) || Reflect.get(module, '__esModule') === true
  return isEsModule ? new NamedExports(Object.keys(module)) : module
}

/** Rejects when nothing is left that could settle a promise: then Node would end the process with a code of its own. */
async function settle<T>(promise: Promise<T>): Promise<T> {
  const settled = new AbortController()
  const idle = once(process, 'beforeExit', { signal: settled.signal }).then(() => {
    throw new Error('it awaits something that never comes')
  })
  try {
    return await Promise.race([promise, idle])
  } finally {
    settled.abort()
  }
}

/** What a module without a default export has. */
class NamedExports {
  readonly names: readonly string[]

  constructor(names: readonly string[]) {
    this.names = names
  }
}

function explainMissing(path: string, value: unknown): string {
  if (extname(path) === '.json') return 'write one object'
  if (value instanceof NamedExports && value.names.length > 0)
    return `it exports ${value.names.join(', ')}, but nothing as default; write "export default ${value.names.includes('config') ? 'config' : value.names[0]}"`
  return 'write "export default defineConfig({ ... })"'
}

/** The message of an error, and the line of the file at which it was thrown. */
function describeCause(error: unknown, path: string): string {
  if (!(error instanceof Error)) return String(error)
  const [, after = ''] = (error.stack ?? '').split(`${path}:`)
  const [line] = /^\d+/.exec(after) ?? []
  const message = error.message.trimEnd()
  return line === undefined || message.includes(path) ? message : `${message} (line ${line})`
}

function nameFile(path: string, cwd: string): string {
  return pathBelow(cwd, path) ?? path
}
