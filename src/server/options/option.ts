import { z } from 'zod'

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

/** Commands with options. */
export type CommandName = 'serve' | 'check'

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

/** How a relative value is resolved: as a path, as a program (a bare name is searched on PATH), as an address (`unix:PATH`). */
export type Anchor = 'path' | 'program' | 'address'

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
  /** A process group may override it, by the same key in `groups.NAME`. */
  readonly perGroup?: true
  /** Key of its value in the message to the workers of a group, where the Python half reads it. */
  readonly toWorker?: string
  /** Options of the object that this option is, or of each object in it. */
  readonly table?: OptionTable
  /** It has any number of such objects, by name or in a list. */
  readonly holdsMany?: true
}

/** One option. */
export interface Option<
  S extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
> extends OptionFacts {
  readonly schema: S
  /** Schema of a given value, without default. */
  readonly base: B
  /** Default as written in a configuration; undefined if the option may be absent. */
  readonly fallback?: unknown
}

/** Options by key. */
export type OptionTable = Readonly<Record<string, Option>>

/** Makes an option without default. */
export function optional<S extends z.ZodType, F extends OptionFacts>(
  schema: S,
  facts: F,
): Option<z.ZodOptional<S>, S> & F {
  return { ...facts, base: schema, schema: schema.describe(facts.description).optional() }
}

/** Makes an option with a default, written as in a configuration. */
export function option<S extends z.ZodType, F extends OptionFacts>(
  schema: S,
  fallback: z.input<S>,
  facts: F,
): Option<z.ZodPrefault<S>, S> & F {
  // Described twice, because JSON Schema drops the inner description of a value with a default.
  const described = schema.prefault(fallback).describe(facts.description)
  return { ...facts, base: schema, fallback, schema: described }
}

/** Makes the command-line form of an option, for all commands unless `more` names some. */
export function flag(
  section: HelpSection,
  name: string,
  more: Partial<Omit<Flag, 'section' | 'name'>> = {},
): Flag {
  return { section, name, commands: ['serve', 'check'], ...more }
}

/** The schema of an object with the options of a table. */
export type TableSchema<T extends OptionTable> = z.ZodObject<
  { -readonly [K in keyof T]: T[K]['schema'] },
  z.core.$strict
>

/** Makes the schema of an object; it rejects unknown keys. */
export function createSection<T extends OptionTable>(table: T): TableSchema<T>
export function createSection(table: OptionTable): z.ZodObject {
  return z.strictObject(
    Object.fromEntries(Object.entries(table).map(([key, { schema }]) => [key, schema])),
  )
}
