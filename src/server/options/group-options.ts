import type * as v from 'valibot'
import { isRecord } from '../option-types/plain-object.ts'
import {
  createSection,
  option,
  optional,
  type FullOptions,
  type Option,
  type OptionTable,
  type Section,
} from '../option-types/option.ts'

type Values = Readonly<Record<string, unknown>>
type Marked<S extends v.GenericSchema = v.GenericSchema> = Option<S> & { readonly perGroup: true }

/** The group's form of an option: none; the option without default; or an object with the options inside that groups may override. */
type GroupOption<O> =
  O extends Marked<infer S>
    ? Option<S, false>
    : O extends { readonly holdsMany: true }
      ? never
      : O extends { readonly table: infer T extends OptionTable }
        ? GroupTable<T> extends infer G extends OptionTable
          ? [keyof G] extends [never]
            ? never
            : Option<Section<G>, true>
          : never
        : never

/** The options of a table that a group may override; all are optional. */
export type GroupTable<T extends OptionTable> = {
  readonly [K in keyof T as [GroupOption<T[K]>] extends [never] ? never : K]: GroupOption<T[K]>
}

type FullValue<O extends Option> = O['hasDefault'] extends true
  ? v.InferOutput<O['schema']>
  : v.InferOutput<O['schema']> | undefined

/** The values of a group for all options that groups may override. */
export type GroupValues<T extends OptionTable> = {
  readonly [K in keyof GroupTable<T>]: K extends keyof T
    ? T[K] extends Marked
      ? FullValue<T[K]>
      : T[K] extends { readonly table: infer I extends OptionTable }
        ? GroupValues<I>
        : never
    : never
}

/** Makes the option table of a group from the options that it may override. */
export function createGroupTable<T extends OptionTable>(table: T): GroupTable<T>
export function createGroupTable(table: OptionTable): OptionTable {
  return createTable(table, '')
}

/** The group's own value if there is one, else the general one. */
export function resolveGroupValues<T extends OptionTable>(
  table: T,
  general: FullOptions<T>,
  own: Values,
): GroupValues<T>
export function resolveGroupValues(table: OptionTable, general: Values, own: Values): Values {
  const resolved = listGroupOptions(table).map(([key, facts]) => {
    const [usual, special] = [general[key], own[key]]
    if (facts.table === undefined || !isRecord(usual)) return [key, special ?? usual]
    return [key, resolveGroupValues(facts.table, usual, isRecord(special) ? special : {})]
  })
  return Object.fromEntries(resolved)
}

/** Selects from unchecked values those that a group may override. */
export function selectGroupValues(table: OptionTable, values: Values): Values {
  const selected: Record<string, unknown> = {}
  for (const [key, facts] of listGroupOptions(table)) {
    const value = values[key]
    if (value === undefined) continue
    const isSection = facts.table !== undefined && isRecord(value)
    selected[key] = isSection ? selectGroupValues(facts.table, value) : value
  }
  return selected
}

/** The options of a group that are sent to its workers, by the keys of the message. */
export function selectWorkerOptions(table: OptionTable, group: object): Values {
  const selected: Record<string, unknown> = {}
  for (const [key, facts] of Object.entries(table)) {
    const value: unknown = Reflect.get(group, key)
    if (facts.toWorker !== undefined) selected[facts.toWorker] = value
    else if (facts.table !== undefined && facts.holdsMany !== true && isRecord(value))
      Object.assign(selected, selectWorkerOptions(facts.table, value))
  }
  return selected
}

function createTable(table: OptionTable, path: string): OptionTable {
  const options = listGroupOptions(table).map(([key, facts]): [string, Option] => {
    const name = path + key
    if (facts.table === undefined) {
      const description = `Overrides \`${name}\`.`
      const { anchor, form, standsFor } = facts
      const kept = {
        ...(anchor && { anchor }),
        ...(form && { form }),
        ...(standsFor && { standsFor }),
      }
      return [key, optional(facts.schema, { description, ...kept })]
    }
    const inner = createTable(facts.table, `${name}.`)
    const { description } = facts
    return [key, option(createSection(inner), {}, { description, table: inner })]
  })
  return Object.fromEntries(options)
}

function listGroupOptions(table: OptionTable): [string, Option][] {
  return Object.entries(table).filter(([, facts]) => isForGroups(facts))
}

function isForGroups({ perGroup, table, holdsMany }: Option): boolean {
  if (perGroup === true) return true
  return table !== undefined && holdsMany !== true && Object.values(table).some(isForGroups)
}
