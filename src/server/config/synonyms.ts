import * as v from 'valibot'
import type { OptionTable } from '../option-types/option.ts'
import { isRecord } from '../option-types/plain-object.ts'
import type { Problems } from '../option-types/problems.ts'
import { GROUP, TOP } from '../options/table.ts'

type Values = Readonly<Record<string, unknown>>

/** An option that is another name of one in a section. */
interface Synonym {
  readonly key: string
  readonly section: string
  readonly name: string
}

/** Gives the values of options that are another name of one to that. What is wrong, or given twice, stays where it is. */
export function replaceSynonyms(config: Values): Values {
  const replaced = replaceIn(TOP, config)
  const { groups } = replaced
  if (!isRecord(groups)) return replaced
  const renamed = Object.entries(groups).map(([name, group]) => [
    name,
    isRecord(group) ? replaceIn(GROUP, group) : group,
  ])
  return { ...replaced, groups: Object.fromEntries(renamed) }
}

/** Reports options that are given by both of their names. */
export function addSynonyms(config: unknown, problems: Problems): void {
  if (!isRecord(config)) return
  addSynonymsOf(config, [], problems)
  const groups = isRecord(config['groups']) ? Object.entries(config['groups']) : []
  for (const [name, group] of groups)
    if (isRecord(group)) addSynonymsOf(group, ['groups', name], problems)
}

function addSynonymsOf(values: Values, path: readonly string[], problems: Problems): void {
  for (const { key, section, name } of listSynonyms(TOP))
    if (values[key] !== undefined && valueOf(values[section], name) !== undefined)
      problems.add(
        [...path, key],
        `is another name of ${section}.${name}, which is given, too; leave one of them out`,
      )
}

function replaceIn(table: OptionTable, values: Values): Values {
  let replaced = values
  for (const { key, section, name } of listSynonyms(table)) {
    const { [key]: value, ...others } = replaced
    const schema = table[key]?.schema
    const inner = others[section] ?? {}
    if (value === undefined || schema === undefined || !isRecord(inner)) continue
    if (valueOf(inner, name) === undefined && v.is(schema, value))
      replaced = { ...others, [section]: { ...inner, [name]: value } }
  }
  return replaced
}

function valueOf(section: unknown, name: string): unknown {
  return isRecord(section) ? section[name] : undefined
}

function listSynonyms(table: OptionTable): Synonym[] {
  return Object.entries(table).flatMap(([key, { standsFor }]) => {
    const [section = '', name = ''] = standsFor?.split('.') ?? []
    return standsFor === undefined ? [] : [{ key, section, name }]
  })
}
