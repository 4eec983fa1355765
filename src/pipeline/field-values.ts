import type { FieldPairs } from '../core/field-block.ts'

/** The value of a field, several lines joined by commas (RFC 9110, 5.2); undefined when absent. `name` is in lower case. */
export function readField(fields: FieldPairs, name: string): string | undefined {
  let value: string | undefined
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const candidate = fields[i]
    if (candidate?.length !== name.length || candidate.toLowerCase() !== name) continue
    const found = fields[i + 1] ?? ''
    value = value === undefined ? found : `${value}, ${found}`
  }
  return value
}
