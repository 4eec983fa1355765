import * as v from 'valibot'
import { plainObject } from './plain-object.ts'

/** Section of an option in the help and the documentation. */
export type HelpSection =
  | 'Application'
  | 'Listening'
  | 'Processes'
  | 'Timeouts'
  | 'Limits'
  | 'WebSocket'
  | 'Files'
  | 'Development'
  | 'Logs'
  | 'General'

/** Commands of the program. */
export type CommandName = 'serve' | 'check' | 'setup-server' | 'path' | ControlCommand

/** Commands that speak with a running server. */
export const CONTROL_COMMANDS = ['status', 'reload', 'stop', 'scale', 'stacks', 'top'] as const

/** One of them. */
export type ControlCommand = (typeof CONTROL_COMMANDS)[number]

/** How a text of the command line or the environment is converted; the schema checks the result. */
export type TextForm = 'text' | 'number' | 'duration' | 'processes' | 'boolean' | 'list' | 'pairs'

/** The command-line form of an option. */
export interface Flag {
  /** Long name without dashes. */
  readonly name: string
  readonly short?: string
  /** Placeholder in the help; absent for switches. */
  readonly value?: string
  readonly section: HelpSection
  /** True: the switch sets `false`. */
  readonly negative?: boolean
  /** Help text, if the description of the key does not fit. */
  readonly help?: string
  readonly commands: readonly CommandName[]
}

/** How a relative value is resolved: as a path, as a program (a bare name is searched on PATH), as an address (`unix:PATH`), as one of an upstream (`fastcgi+unix:PATH`), as a store (`sqlite:FILE`), as a database (the same, but for `sqlite::memory:`), as a Python file if it is one. */
export type Anchor = 'path' | 'program' | 'address' | 'upstream' | 'store' | 'database' | 'file'

/** Properties of an option besides its schema, for the parser, the help, the layers, the groups and the documentation. */
export interface OptionFacts {
  readonly description: string
  readonly form?: TextForm
  readonly flag?: Flag
  /** Name of the environment variable. */
  readonly environment?: string
  /** Relative values are resolved against the folder of their source. */
  readonly anchor?: Anchor
  /** The values of all layers are combined. Names and texts always are; of other values the strongest wins. */
  readonly addsUp?: true
  /** Path of the option that it is another name of. */
  readonly standsFor?: string
  /** A process group may override it, by the same key in `groups.NAME`. */
  readonly perGroup?: true
  /** Key of its value in the message to the workers of a group, where the Python half reads it. */
  readonly toWorker?: string
  /** Options of the object that this option is, or of each object in it. */
  readonly table?: OptionTable
  /** A text may stand for the object that this option is. */
  readonly orText?: true
  /** True or false may stand for it. */
  readonly orSwitch?: true
  /** Where values of several layers are put together, such a text is an object with this key. */
  readonly textKey?: string
  /** Keys that its object has elsewhere and not here, with the reason. */
  readonly refuses?: Readonly<Record<string, string>>
  /** Its values are functions, which files of data do not have. */
  readonly onlyInCode?: true
  /** It has any number of such objects, by name or in a list. */
  readonly holdsMany?: true
}

/** One option. */
export interface Option<
  S extends v.GenericSchema = v.GenericSchema,
  D extends boolean = boolean,
> extends OptionFacts {
  readonly schema: S
  /** It is never absent in a full configuration. */
  readonly hasDefault: D
  /** Default as written in a configuration. */
  readonly fallback?: unknown
}

/** Options by key. */
export type OptionTable = Readonly<Record<string, Option>>

/** Makes an option without default. */
export function optional<S extends v.GenericSchema, F extends OptionFacts>(
  schema: S,
  facts: F,
): Option<S, false> & F {
  return { ...facts, schema, hasDefault: false }
}

/** Makes an option with a default, written as in a configuration. */
export function option<S extends v.GenericSchema, F extends OptionFacts>(
  schema: S,
  fallback: v.InferInput<S>,
  facts: F,
): Option<S, true> & F {
  return { ...facts, schema, hasDefault: true, fallback }
}

/** Makes the command-line form of an option, for commands with an application unless `more` names some. */
export function flag(
  section: HelpSection,
  name: string,
  more: Partial<Omit<Flag, 'section' | 'name'>> = {},
): Flag {
  return { section, name, commands: ['serve', 'check'], ...more }
}

/** An object with options of a table, as it may be written. */
export type GivenOptions<T extends OptionTable> = {
  -readonly [K in keyof T]?: v.InferInput<T[K]['schema']> | undefined
}

/** An object with all options of a table that have a default. */
export type FullOptions<T extends OptionTable> = {
  [K in keyof Defaults<T>]: Defaults<T>[K]
}

type Defaults<T extends OptionTable> = {
  -readonly [K in keyof T as T[K]['hasDefault'] extends true ? K : never]: v.InferOutput<
    T[K]['schema']
  >
} & {
  -readonly [K in keyof T as T[K]['hasDefault'] extends true ? never : K]?:
    | v.InferOutput<T[K]['schema']>
    | undefined
}

/** An object with the options of a table. */
export type Section<T extends OptionTable> = v.GenericSchema<GivenOptions<T>, FullOptions<T>>

/** Makes the schema of an object with the options of a table; it rejects other keys. */
export function createSection<T extends OptionTable>(table: T): Section<T>
export function createSection(table: OptionTable): v.GenericSchema {
  const entries = Object.entries(table).map(
    ([key, { schema, fallback }]) => [key, v.optional(schema, fallback)] as const,
  )
  // A strict object would report the first unknown key only.
  const section = v.objectWithRest(Object.fromEntries(entries), v.never())
  return plainObject(section, 'an object of options')
}
