import type { FieldPairs } from '../../core/field-block.ts'
import type { CgiHead } from '../../wire/cgi-response.ts'

/** A file that an application names in place of a body. */
export interface NamedFile {
  /** X-Sendfile has an absolute path; X-Accel-Redirect one of a URL. */
  readonly field: 'x-sendfile' | 'x-accel-redirect'
  /** One character per byte. */
  readonly value: string
  /** All fields of the head. */
  readonly fields: FieldPairs
}

/** The file that is to be sent in place of the body. */
export function findNamedFile({
  status,
  fields,
}: Pick<CgiHead, 'status' | 'fields'>): NamedFile | undefined {
  if (status !== undefined && status !== 200) return undefined
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const field = fields[at]?.toLowerCase()
    if (field === 'x-sendfile' || field === 'x-accel-redirect')
      return { field, value: fields[at + 1] ?? '', fields }
  }
  return undefined
}
