import { z } from 'zod'

/** Where the help and the documents show an option of the command line. */
export type HelpSection =
  | 'Application'
  | 'Listening'
  | 'Processes'
  | 'WebSocket'
  | 'Files'
  | 'Development'
  | 'Logs'
  | 'General'

/** The commands that take options. */
export type CommandName = 'serve' | 'check'

/** How a text of the command line or the environment becomes a value; the schema judges the result. */
export type TextForm = 'text' | 'number' | 'processes' | 'boolean' | 'list' | 'pairs'

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

/** One option: all that the parser, the help, the schema and the documents have to know. */
export interface Option<S extends z.ZodType = z.ZodType> {
  readonly schema: S
  readonly description: string
  /** As a person would write it; undefined when the option may be absent. */
  readonly fallback?: unknown
  readonly form?: TextForm
  readonly flag?: Flag
  /** Full name in the environment. */
  readonly environment?: string
}

/** What an option is besides its schema. */
export type OptionFacts = Omit<Option, 'schema' | 'fallback'>

/** Makes an option that may be absent. */
export function optional<S extends z.ZodType>(
  schema: S,
  facts: OptionFacts,
): Option<z.ZodOptional<S>> {
  return { ...facts, schema: schema.describe(facts.description).optional() }
}

/** Makes an option with a default, written as a person would. */
export function option<S extends z.ZodType>(
  schema: S,
  fallback: z.input<S>,
  facts: OptionFacts,
): Option<z.ZodPrefault<S>> {
  // Described inside and outside: JSON Schema drops the inner text behind a default.
  return { ...facts, fallback, schema: schema.prefault(fallback).describe(facts.description) }
}

/** Makes the short form of an option, of `taipan serve` alone unless `more` says otherwise. */
export function flag(
  section: HelpSection,
  name: string,
  more: Partial<Omit<Flag, 'section' | 'name'>> = {},
): Flag {
  return { section, name, commands: ['serve'], ...more }
}

/** Options by key. */
export type OptionTable = Readonly<Record<string, Option>>

/** The object schema of a table; unknown keys are refused. */
export function createSection<T extends OptionTable>(
  table: T,
): z.ZodObject<{ -readonly [K in keyof T]: T[K]['schema'] }, z.core.$strict>
export function createSection(table: OptionTable): z.ZodObject {
  return z.strictObject(
    Object.fromEntries(Object.entries(table).map(([key, { schema }]) => [key, schema])),
  )
}
