import type { FullOptions, GivenOptions, Option, OptionTable } from '../option-types/option.ts'
import { COMMAND_LINE } from './command-line.ts'
import { TOP } from './table.ts'

/** A configuration as a user writes it. */
export type TaipanConfig = GivenOptions<typeof TOP>

/** A configuration with every default filled in, durations in ms, sizes in bytes. */
export type FullConfig = FullOptions<typeof TOP>

/** An object of the configuration. `*` in the path means any name or index. */
export interface OptionSection {
  readonly path: string
  readonly table: OptionTable
  /** Keys that it has elsewhere and not here, with the reason. */
  readonly refuses?: Readonly<Record<string, string>> | undefined
}

/** All objects of a configuration. */
export const SECTIONS: readonly OptionSection[] = listSections({ path: '', table: TOP })

function listSections(section: OptionSection): OptionSection[] {
  const inner = Object.entries(section.table).flatMap(([key, { table, refuses, holdsMany }]) => {
    if (table === undefined) return []
    const path = `${joinPath(section.path, key)}${holdsMany === true ? '.*' : ''}`
    return listSections({ path, table, refuses })
  })
  return [section, ...inner]
}

function joinPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

/** An option with its path; `key` is empty for options of the command line only. */
export interface PlacedOption extends Option {
  /** Dotted path in the configuration. */
  readonly key: string
}

/** All options, including those of the command line only. */
export function listOptions(): readonly PlacedOption[] {
  const placed = SECTIONS.flatMap(({ path, table }) =>
    Object.entries(table).map(([key, facts]) => ({ ...facts, key: joinPath(path, key) })),
  )
  return [...placed, ...Object.values<Option>(COMMAND_LINE).map((facts) => ({ ...facts, key: '' }))]
}

/** The options that have a flag. */
export function listFlags(): readonly FlaggedOption[] {
  return listOptions().filter(hasFlag)
}

/** An option that has a flag. */
export type FlaggedOption = PlacedOption & Required<Pick<Option, 'flag'>>

function hasFlag(option: PlacedOption): option is FlaggedOption {
  return option.flag !== undefined
}
