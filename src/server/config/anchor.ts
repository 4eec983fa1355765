import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { isRecord } from './record.ts'

type Values = Record<string, unknown>
type Rule = (value: unknown) => unknown

/** Makes the relative paths of an unchecked configuration absolute; values of wrong types are left to the schema. */
export function anchorPaths(config: Readonly<Values>, directory: string): Values {
  const path: Rule = (value) =>
    typeof value === 'string' && value !== '' ? resolve(directory, value) : value
  const python: Rule = (value) => anchorPython(value, directory)
  const anchored = mapFields(config, {
    python,
    appDirectory: path,
    envFile: (value) => mapValues(value, path),
    static: (value) => (isRecord(value) ? mapValues(value, path) : value),
    bind: (value) => mapValues(value, (one) => anchorAddress(one, directory)),
    groups: (value) => mapEach(value, { python }),
    apps: (value) => mapEach(value, { appDirectory: path }),
    routes: (value) => mapEach(value, { static: path }),
  })
  if (anchored['app'] !== undefined && anchored['appDirectory'] === undefined)
    anchored['appDirectory'] = directory
  return anchored
}

/** A bare name that is no file here is looked for on PATH later. */
function anchorPython(value: unknown, directory: string): unknown {
  if (typeof value !== 'string' || value === '') return value
  const path = resolve(directory, value)
  return value.includes('/') || existsSync(path) ? path : value
}

function anchorAddress(value: unknown, directory: string): unknown {
  if (typeof value !== 'string' || !value.startsWith('unix:')) return value
  const path = value.slice('unix:'.length)
  return path === '' ? value : `unix:${resolve(directory, path)}`
}

function mapFields(value: Readonly<Values>, rules: Readonly<Record<string, Rule>>): Values {
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, rules[key]?.(one) ?? one]),
  )
}

/** Members of a list or an object, or the value itself. */
function mapValues(value: unknown, rule: Rule): unknown {
  if (Array.isArray(value)) return value.map(rule)
  if (!isRecord(value)) return rule(value)
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, rule(one)]))
}

function mapEach(value: unknown, rules: Readonly<Record<string, Rule>>): unknown {
  return mapValues(value, (one) => (isRecord(one) ? mapFields(one, rules) : one))
}
