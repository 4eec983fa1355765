import { withoutFields, type FieldPairs } from '../../core/field-block.ts'

const CREDENTIALS = new Set(['authorization', 'proxy-authorization'])

/** The fields of a request without those that hold passwords. */
export function withoutCredentials(fields: FieldPairs): FieldPairs {
  return withoutFields(fields, CREDENTIALS)
}
