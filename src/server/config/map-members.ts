import { isRecord } from '../option-types/plain-object.ts'

/** Applies `rule` to the members of a list or an object, or to the value itself. */
export function mapMembers(value: unknown, rule: (one: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(rule)
  if (!isRecord(value)) return rule(value)
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, rule(one)]))
}
