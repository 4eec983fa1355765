import { isRecord } from '../config/record.ts'
import {
  enter,
  INVALID,
  refuse,
  type GivenFor,
  type JsonSchema,
  type Kind,
  type MeantBy,
  type Place,
} from './kind.ts'

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

/** How a text of the command line or the environment is converted; the kind checks the result. */
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

/** Properties of an option besides its kind, for the parser, the help, the layers, the groups and the documentation. */
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
export interface Option<K extends Kind = Kind, D extends boolean = boolean> extends OptionFacts {
  readonly kind: K
  /** It is never absent in a full configuration. */
  readonly hasDefault: D
  /** Default as written in a configuration. */
  readonly fallback?: unknown
}

/** Options by key. */
export type OptionTable = Readonly<Record<string, Option>>

/** Makes an option without default. */
export function optional<K extends Kind, F extends OptionFacts>(
  kind: K,
  facts: F,
): Option<K, false> & F {
  return { ...facts, kind, hasDefault: false }
}

/** Makes an option with a default, written as in a configuration. */
export function option<K extends Kind, F extends OptionFacts>(
  kind: K,
  fallback: GivenFor<K>,
  facts: F,
): Option<K, true> & F {
  return { ...facts, kind, hasDefault: true, fallback }
}

/** Makes the command-line form of an option, for all commands unless `more` names some. */
export function flag(
  section: HelpSection,
  name: string,
  more: Partial<Omit<Flag, 'section' | 'name'>> = {},
): Flag {
  return { section, name, commands: ['serve', 'check'], ...more }
}

/** An object with options of a table, as it may be written. */
export type GivenOptions<T extends OptionTable> = {
  -readonly [K in keyof T]?: GivenFor<T[K]['kind']> | undefined
}

/** An object with all options of a table that have a default. */
export type FullOptions<T extends OptionTable> = {
  [K in keyof Defaults<T>]: Defaults<T>[K]
}

type Defaults<T extends OptionTable> = {
  -readonly [K in keyof T as T[K]['hasDefault'] extends true ? K : never]: MeantBy<T[K]['kind']>
} & {
  -readonly [K in keyof T as T[K]['hasDefault'] extends true ? never : K]?:
    | MeantBy<T[K]['kind']>
    | undefined
}

/** An object with the options of a table. */
export type Section<T extends OptionTable> = Kind<GivenOptions<T>, FullOptions<T>>

/** Makes the kind of an object with the options of a table; it has no other keys. */
export function createSection<T extends OptionTable>(table: T): Section<T>
export function createSection(table: OptionTable): Kind {
  return {
    get jsonSchema() {
      return describeSection(table)
    },
    read(value, place) {
      if (!isRecord(value)) return refuse(place, 'an object of options')
      const members = Object.entries(table).flatMap(([key, { kind, fallback }]) => {
        const given = value[key] === undefined ? fallback : value[key]
        const member = given === undefined ? INVALID : kind.read(given, enter(place, key))
        return member === INVALID ? [] : [[key, member] as const]
      })
      for (const key of Object.keys(value)) if (!Object.hasOwn(table, key)) addUnknown(place, key)
      return Object.fromEntries(members)
    },
  }
}

function addUnknown(place: Place, key: string): void {
  place.issues.push({ path: [...place.path, key], about: 'key', expected: '' })
}

function describeSection(table: OptionTable): JsonSchema {
  const properties = Object.entries(table).map(([key, { kind, description, fallback }]) => {
    const { jsonSchema } = kind
    if (fallback === undefined) return [key, { ...jsonSchema, description }]
    return [key, { description, default: fallback, ...jsonSchema }]
  })
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    additionalProperties: false,
  }
}
