import { createConfigError } from './validate.ts'
import type { Layer } from './layers.ts'
import { isRecord } from './record.ts'
import { parseTexts, TextProblem } from './text-values.ts'
import { listOptions } from '../options/schema.ts'

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Reads the options that `TAIPAN_*` variables give; lists are separated by commas. Throws `CONFIG_INVALID`. */
export function loadEnvironmentLayer(environment: Environment, directory: string): Layer {
  const value: Record<string, unknown> = {}
  const origins = new Map<string, string>()
  for (const { key, environment: name, form = 'text' } of listOptions()) {
    const text = name === undefined ? undefined : environment[name]
    if (name === undefined || key === '' || text === undefined || text === '') continue
    const texts = form === 'list' || form === 'pairs' ? splitList(text) : [text]
    setPath(
      value,
      key,
      readTexts(() => parseTexts(texts, form, name)),
    )
    origins.set(key, name)
  }
  return { directory, value, origins }
}

/** Sets `log.level` and the like. */
export function setPath(target: Record<string, unknown>, path: string, value: unknown): void {
  const [head = '', ...rest] = path.split('.')
  if (rest.length === 0) {
    target[head] = value
    return
  }
  const before = target[head]
  const inner: Record<string, unknown> = isRecord(before) ? { ...before } : {}
  setPath(inner, rest.join('.'), value)
  target[head] = inner
}

/** Runs a reader of texts and turns its complaint into the error for people. */
export function readTexts<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof TextProblem)
      throw createConfigError([error.message], { origins: new Map() })
    throw error
  }
}

/** The environment of applications: everything but our own options. */
export function listApplicationVariables(environment: Environment): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && !name.startsWith('TAIPAN_')) variables[name] = value
  return variables
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
