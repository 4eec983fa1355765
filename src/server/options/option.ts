import { z } from 'zod'

/** Where the help and the documents show an option of the command line. */
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

/** The commands that take options. */
export type CommandName = 'serve' | 'check'

/** How a text of the command line or the environment becomes a value; the schema judges the result. */
export type TextForm = 'text' | 'number' | 'duration' | 'processes' | 'boolean' | 'list' | 'pairs'

/** The short form of an option for the command line. */
export interface Flag {
  /** Long name without dashes. */
  readonly name: string
  readonly short?: string
  /** Placeholder in the help; absent for switches. */
  readonly value?: string
  readonly section: HelpSection
  /** True: the switch means `false`. */
  readonly negative?: boolean
  /** What the help says where the description of the key would mislead. */
  readonly help?: string
  readonly commands: readonly CommandName[]
}

/** How a relative value is anchored: as a path, as a program (a bare name is looked for on PATH), as an address (`unix:PATH`). */
export type Anchor = 'path' | 'program' | 'address'

/** What an option is besides its schema: all that the parser, the help, the layers, the groups and the documents have to know. */
export interface OptionFacts {
  readonly description: string
  readonly form?: TextForm
  readonly flag?: Flag
  /** Full name in the environment. */
  readonly environment?: string
  /** Relative values count from the folder of whoever gives them. */
  readonly anchor?: Anchor
  /** The values of several layers add up. Those of names and texts always do; of all others the strongest counts. */
  readonly addsUp?: true
  /** A process group may override it, by the same key in `groups.NAME`. */
  readonly perGroup?: true
  /** Key by which the workers of a group are told its value; the Python half reads it there. */
  readonly toWorker?: string
  /** Options of the object that it is, or of each object that it holds. */
  readonly table?: OptionTable
  /** It holds any number of such objects, by name or in a list. */
  readonly holdsMany?: true
}

/** One option. */
export interface Option<
  S extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
> extends OptionFacts {
  readonly schema: S
  /** Of a value that is given: knows no default. */
  readonly base: B
  /** As a person would write it; undefined when the option may be absent. */
  readonly fallback?: unknown
}

/** Options by key. */
export type OptionTable = Readonly<Record<string, Option>>

/** Makes an option that may be absent. */
export function optional<S extends z.ZodType, F extends OptionFacts>(
  schema: S,
  facts: F,
): Option<z.ZodOptional<S>, S> & F {
  return { ...facts, base: schema, schema: schema.describe(facts.description).optional() }
}

/** Makes an option with a default, written as a person would. */
export function option<S extends z.ZodType, F extends OptionFacts>(
  schema: S,
  fallback: z.input<S>,
  facts: F,
): Option<z.ZodPrefault<S>, S> & F {
  // Described inside and outside: JSON Schema drops the inner text behind a default.
  const described = schema.prefault(fallback).describe(facts.description)
  return { ...facts, base: schema, fallback, schema: described }
}

/** Makes the short form of an option, of every command unless `more` says otherwise: `check` stands for `serve` in any command line. */
export function flag(
  section: HelpSection,
  name: string,
  more: Partial<Omit<Flag, 'section' | 'name'>> = {},
): Flag {
  return { section, name, commands: ['serve', 'check'], ...more }
}

/** The object schema of a table. */
export type TableSchema<T extends OptionTable> = z.ZodObject<
  { -readonly [K in keyof T]: T[K]['schema'] },
  z.core.$strict
>

/** Makes the object schema of a table; unknown keys are refused. */
export function createSection<T extends OptionTable>(table: T): TableSchema<T>
export function createSection(table: OptionTable): z.ZodObject {
  return z.strictObject(
    Object.fromEntries(Object.entries(table).map(([key, { schema }]) => [key, schema])),
  )
}
