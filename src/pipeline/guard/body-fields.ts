import { withoutFields, type FieldPairs } from '../../core/field-block.ts'

const BODY_FIELDS = new Set(['content-length', 'transfer-encoding', 'expect'])

/** The fields of a request without those about its body, for a question that has another body, or none. */
export function withoutBodyFields(fields: FieldPairs): FieldPairs {
  return withoutFields(fields, BODY_FIELDS)
}
