import * as v from 'valibot'
import type { Option, OptionTable } from '../option-types/option.ts'
import { isRecord } from '../option-types/plain-object.ts'
import {
  formatPath,
  type OptionPath,
  type OptionSource,
  type Problems,
} from '../option-types/problems.ts'
import { TOP } from '../options/table.ts'
import { mapMembers } from './map-members.ts'

type Values = Readonly<Record<string, unknown>>

/** An option that is another name of one in a section. */
interface Synonym {
  readonly key: string
  readonly section: string
  readonly name: string
}

/** An object of options in a configuration. */
interface Place {
  readonly path: OptionPath
  readonly table: OptionTable
  readonly values: Values
}

/** Gives the values of options that are another name of one to that. What is wrong, or given twice, stays where it is. */
export function replaceSynonyms(config: Values): Values {
  const replaced = replaceIn(TOP, config)
  const members = listTables().flatMap(([key, table]) =>
    replaced[key] === undefined
      ? []
      : [[key, mapMembers(replaced[key], (one) => (isRecord(one) ? replaceIn(table, one) : one))]],
  )
  return { ...replaced, ...Object.fromEntries(members) }
}

/** The names that `replaceSynonyms` replaces, by the dotted paths of what they stand for. */
export function listReplaced(config: Values): [string, OptionSource][] {
  return listPlaces(config).flatMap(({ path, table, values }) =>
    listSynonyms(table)
      .filter((synonym) => isReplaceable(table, values, synonym))
      .map(({ key, section, name }): [string, OptionSource] => [
        [...path, section, name].join('.'),
        { name: formatPath([...path, key]), kind: 'key' },
      ]),
  )
}

/** Reports options that are given by both of their names. */
export function addSynonyms(config: unknown, problems: Problems): void {
  if (!isRecord(config)) return
  for (const { path, table, values } of listPlaces(config))
    for (const { key, section, name } of listSynonyms(table))
      if (values[key] !== undefined && valueOf(values[section], name) !== undefined)
        problems.add(
          [...path, key],
          `is another name of ${section}.${name}, which is given, too; leave one of them out`,
        )
}

function replaceIn(table: OptionTable, values: Values): Values {
  let replaced = values
  for (const synonym of listSynonyms(table)) {
    if (!isReplaceable(table, replaced, synonym)) continue
    const { key, section, name } = synonym
    const { [key]: value, ...others } = replaced
    replaced = { ...others, [section]: { ...Object(others[section]), [name]: value } }
  }
  return replaced
}

function isReplaceable(
  table: OptionTable,
  values: Values,
  { key, section, name }: Synonym,
): boolean {
  const inner = values[section] ?? {}
  const schema = table[key]?.schema
  if (values[key] === undefined || schema === undefined || !isRecord(inner)) return false
  return inner[name] === undefined && v.is(schema, values[key])
}

function listPlaces(config: Values): Place[] {
  const members = listTables().flatMap(([key, table]) =>
    Object.entries(Object(config[key])).flatMap(([name, values]): Place[] =>
      isRecord(values) ? [{ path: [key, name], table, values }] : [],
    ),
  )
  return [{ path: [], table: TOP, values: config }, ...members]
}

/** Of the options that hold several objects, by their keys. */
function listTables(): [string, OptionTable][] {
  return Object.entries<Option>(TOP).flatMap(([key, { table, holdsMany }]) =>
    table === undefined || holdsMany !== true ? [] : [[key, table]],
  )
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
