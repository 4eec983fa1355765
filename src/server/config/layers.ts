import { anchorPaths } from './anchor.ts'
import { listReplaced, replaceSynonyms } from './synonyms.ts'
import { selectGroupValues } from '../options/group-options.ts'
import type { Option, OptionTable } from '../option-types/option.ts'
import { GENERAL, GROUP, TOP } from '../options/table.ts'
import { isRecord } from '../option-types/plain-object.ts'
import type { OptionSource, OptionSources } from '../option-types/problems.ts'

/** Unchecked values of one source, with the folder for its relative paths. */
export interface Layer {
  readonly directory: string
  readonly value: Readonly<Record<string, unknown>>
  /** Empty for files. */
  readonly sources: OptionSources
}

/** The merged layers, with absolute paths. */
export interface MergedLayers {
  readonly value: Readonly<Record<string, unknown>>
  readonly sources: OptionSources
}

type Values = Readonly<Record<string, unknown>>

/** Merges layers; the last one is the strongest. */
export function mergeLayers(layers: readonly Layer[]): MergedLayers {
  let value: Values = {}
  const sources = new Map<string, OptionSource>()
  for (const layer of layers) {
    const anchored = anchorPaths(replaceSynonyms(layer.value), layer.directory)
    if (layer.sources.size > 0) value = overrideGroups(value, anchored)
    value = mergeTable(TOP, value, anchored)
    for (const [path, source] of listReplaced(layer.value)) sources.set(path, source)
    for (const [path, source] of layer.sources)
      for (const place of [path, ...listGroupPlaces(value, path)]) sources.set(place, source)
  }
  return { value, sources }
}

/** Where the value of a flag or variable is in groups, if they may override it. */
function listGroupPlaces({ groups }: Values, path: string): string[] {
  return Object.keys(Object(groups)).map((name) => `groups.${name}.${path}`)
}

/** A flag or variable overrides the values of each group in the file. */
function overrideGroups(value: Values, stronger: Values): Values {
  const { groups } = value
  const override = selectGroupValues(GENERAL, stronger)
  if (!isRecord(groups)) return value
  const overridden = Object.entries(groups).map(([name, group]) => [
    name,
    isRecord(group) ? mergeTable(GROUP, group, override) : group,
  ])
  return { ...value, groups: Object.fromEntries(overridden) }
}

function mergeTable(table: OptionTable, before: Values, given: Values): Values {
  const merged: Record<string, unknown> = { ...before }
  for (const [key, value] of Object.entries(given))
    if (value !== undefined) merged[key] = mergeValues(table[key], before[key], value)
  return merged
}

function mergeValues(option: Option | undefined, one: unknown, other: unknown): unknown {
  const before = toObject(option, one)
  const given = before === undefined ? other : toObject(option, other)
  if (option?.addsUp === true && before !== undefined) return [before, given].flat()
  if (!isRecord(before) || !isRecord(given)) return given
  if (option?.form === 'pairs') return { ...before, ...given }
  const isSection = option?.table !== undefined && option.holdsMany !== true
  return isSection ? mergeTable(option.table, before, given) : given
}

/** Of an option that may be a text or an object, the object. */
function toObject(option: Option | undefined, value: unknown): unknown {
  const key = option?.textKey
  return key !== undefined && typeof value === 'string' ? { [key]: value } : value
}
