import type { z } from 'zod'
import type { Option, OptionTable } from './option.ts'
import { createSection } from './option.ts'
import {
  APP,
  COMMAND_LINE,
  GROUP,
  GROUP_BUFFERS,
  GROUP_TIMEOUTS,
  LOG,
  ROUTE,
  TOP,
} from './table.ts'
import { BUFFERS, LIMITS, QUEUE, TIMEOUTS, WEB_SOCKET } from './traffic.ts'

/** The schema of a whole configuration. */
export const configSchema = createSection(TOP)

/** A configuration as a person writes it. */
export type TaipanConfig = z.input<typeof configSchema>

/** A configuration with every default filled in, durations in ms, sizes in bytes. */
export type FullConfig = z.output<typeof configSchema>

/** The options of one object of the configuration. `*` in the path stands for any name or index. */
export interface OptionSection {
  readonly path: string
  readonly title: string
  readonly table: OptionTable
}

/** Every object that a configuration may hold. */
export const SECTIONS: readonly OptionSection[] = [
  { path: '', title: 'Top level', table: TOP },
  { path: 'groups.*', title: 'Process groups', table: GROUP },
  { path: 'groups.*.queue', title: 'Queue of a group', table: QUEUE },
  { path: 'groups.*.timeouts', title: 'Timeouts of a group', table: GROUP_TIMEOUTS },
  { path: 'groups.*.buffers', title: 'Buffers of a group', table: GROUP_BUFFERS },
  { path: 'apps.*', title: 'Applications', table: APP },
  { path: 'routes.*', title: 'Routes', table: ROUTE },
  { path: 'limits', title: 'Limits', table: LIMITS },
  { path: 'timeouts', title: 'Timeouts', table: TIMEOUTS },
  { path: 'buffers', title: 'Buffers', table: BUFFERS },
  { path: 'webSocket', title: 'WebSockets', table: WEB_SOCKET },
  { path: 'log', title: 'Logs', table: LOG },
]

/** An option and its place; `key` is empty for options of the command line alone. */
export interface PlacedOption extends Option {
  /** Dotted path in the configuration. */
  readonly key: string
}

/** Every option, those of the command line included. */
export function listOptions(): readonly PlacedOption[] {
  const placed = SECTIONS.flatMap(({ path, table }) =>
    Object.entries(table).map(([key, facts]) => ({ ...facts, key: path ? `${path}.${key}` : key })),
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
