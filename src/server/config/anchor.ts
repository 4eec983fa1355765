import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Anchor, Option, OptionTable } from '../option-types/option.ts'
import { TOP } from '../options/table.ts'
import { isRecord } from '../option-types/plain-object.ts'
import { mapMembers } from './map-members.ts'

type Values = Record<string, unknown>
type Rule = (text: string, directory: string) => string

const RULES: Readonly<Record<Anchor, Rule>> = {
  path: (text, directory) => resolve(directory, text),
  program: anchorProgram,
  file: (text, directory) => (text.endsWith('.py') ? resolve(directory, text) : text),
  address: (text, directory) => anchorAfter(/^(?:[a-z]+\+)?unix:/, text, directory),
  upstream: (text, directory) => anchorAfter(/^[a-z]+\+unix:/i, text, directory),
  store: (text, directory) => anchorAfter(/^sqlite:/, text, directory),
  database: (text, directory) =>
    text === 'sqlite::memory:' ? text : anchorAfter(/^sqlite:/, text, directory),
}

/** Makes the relative paths of an unchecked configuration absolute; the schema checks the types later. */
export function anchorPaths(config: Readonly<Values>, directory: string): Values {
  const anchored = anchorTable(TOP, config, directory)
  if (anchored['app'] !== undefined && anchored['appDirectory'] === undefined)
    anchored['appDirectory'] = directory
  return anchored
}

function anchorTable(table: OptionTable, values: Readonly<Values>, directory: string): Values {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      const option = table[key]
      return [key, option === undefined ? value : anchorValue(option, value, directory)]
    }),
  )
}

function anchorValue(option: Option, value: unknown, directory: string): unknown {
  const { anchor, form, table, holdsMany } = option
  const isSection = table !== undefined && holdsMany !== true && isRecord(value)
  if (anchor !== undefined && !isSection) {
    const rule = (one: unknown): unknown =>
      typeof one === 'string' && one !== '' ? RULES[anchor](one, directory) : one
    return form === 'pairs' && !isRecord(value) ? value : mapMembers(value, rule)
  }
  if (table === undefined) return value
  const anchorObject = (one: unknown): unknown =>
    isRecord(one) ? anchorTable(table, one, directory) : one
  return holdsMany === true ? mapMembers(value, anchorObject) : anchorObject(value)
}

/** A bare name that is not a file here is searched on PATH later. */
function anchorProgram(text: string, directory: string): string {
  const path = resolve(directory, text)
  return text.includes('/') || existsSync(path) ? path : text
}

/** The path behind a prefix; other texts stay as they are. */
function anchorAfter(prefixes: RegExp, text: string, directory: string): string {
  const [prefix] = prefixes.exec(text) ?? []
  if (prefix === undefined) return text
  const path = text.slice(prefix.length)
  return path === '' ? text : `${prefix}${resolve(directory, path)}`
}
