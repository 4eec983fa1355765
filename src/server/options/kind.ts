/** What is wrong at a place of a configuration. */
export interface Issue {
  /** Keys and indices that lead there. */
  readonly path: readonly string[]
  /** A wrong value, a name that is not allowed, or a key that does not exist there. */
  readonly about: 'value' | 'name' | 'key'
  /** What is allowed instead; empty for keys. */
  readonly expected: string
}

/** Where a value stands, and the list that receives what is wrong with it. */
export interface Place {
  readonly path: readonly string[]
  readonly issues: Issue[]
}

/** A description of values for editors: JSON Schema, draft 7. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Stands for a value that cannot be read. */
export const INVALID: unique symbol = Symbol('invalid')

/** A kind of value in a configuration: `Given` is how it may be written, `Meant` what is made of it. */
export interface Kind<Given = unknown, Meant = unknown> {
  readonly jsonSchema: JsonSchema
  /** Reads a value as it is written. After adding issues it returns `INVALID`, or a value without what is wrong. */
  readonly read: (value: unknown, place: Place) => Meant | typeof INVALID
  /** Never set; it carries the type. */
  readonly given?: Given
}

/** How a value of a kind may be written. */
export type GivenFor<K extends Kind> = K extends Kind<infer Given> ? Given : never

/** What is made of a value of a kind. */
export type MeantBy<K extends Kind> = Exclude<ReturnType<K['read']>, typeof INVALID>

/** What has been made of a value; with issues it is undefined. */
export interface Reading<Meant> {
  readonly value: Meant | undefined
  readonly issues: readonly Issue[]
}

/** Reads a whole value as one of a kind. */
export function readValue<Meant>(kind: Kind<unknown, Meant>, value: unknown): Reading<Meant> {
  const issues: Issue[] = []
  const meant = kind.read(value, { path: [], issues })
  return { value: meant === INVALID || issues.length > 0 ? undefined : meant, issues }
}

/** Adds an issue about a value. */
export function refuse({ path, issues }: Place, expected: string): typeof INVALID {
  issues.push({ path, about: 'value', expected })
  return INVALID
}

/** The place of a member of a value. */
export function enter({ path, issues }: Place, key: string): Place {
  return { path: [...path, key], issues }
}
