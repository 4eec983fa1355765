import * as v from 'valibot'

/** The schema, for plain objects only: to valibot, lists and maps are objects, too. */
export function plainObject<G, M>(
  schema: v.GenericSchema<G, M>,
  expected: string,
): v.GenericSchema<G, M> {
  const refusal = v.custom<M>(isPlain, expected)
  return {
    ...schema,
    '~run': (dataset, config) =>
      isPlain(dataset.value) ? schema['~run'](dataset, config) : refusal['~run'](dataset, config),
  }
}

function isPlain(value: unknown): boolean {
  if (!isRecord(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // A configuration may come from another realm, with an Object of its own.
  return prototype === null || Object.hasOwn(Object(prototype), 'isPrototypeOf')
}

/** Whether a value is an object and not a list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
