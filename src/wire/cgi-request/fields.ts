import { TaipanError } from '../../core/errors.ts'
import type { FieldPairs } from '../../core/field-block.ts'
import { isFieldValue, isToken } from '../../core/field-syntax.ts'
import { trimOws } from '../../core/ows.ts'
import type { Http1Limits } from '../http1/limits.ts'
import { isAuthority } from '../http1/authority.ts'
import type { DividedVariables } from './variables.ts'

/** As much of a line as is neither name nor value. */
const LINE_BYTES = 4

/** The fields of a request, checked as those of an HTTP request are. Throws for invalid fields and for those over a limit. */
export function readFields(
  { variables, fields }: DividedVariables,
  { headerBytes, headerCount }: Http1Limits,
): FieldPairs {
  const pairs: string[] = []
  for (const [name, variable] of [
    ['content-type', 'CONTENT_TYPE'],
    ['content-length', 'CONTENT_LENGTH'],
  ] as const) {
    const value = variables.get(variable) ?? ''
    if (value !== '') pairs.push(name, value)
  }
  for (const [name, value] of fields) pairs.push(name, trimOws(value))
  let bytes = 0
  for (let at = 0; at + 1 < pairs.length; at += 2)
    bytes += checkField(pairs[at] ?? '', pairs[at + 1] ?? '')
  if (bytes > headerBytes || pairs.length > headerCount * 2)
    throw new TaipanError(
      'FIELDS_TOO_LARGE',
      `the header has more than ${headerCount} fields or ${headerBytes} bytes`,
    )
  return pairs
}

function checkField(name: string, value: string): number {
  if (!isToken(name)) throw new TaipanError('REQUEST_MALFORMED', 'the name of a field is no token')
  if (!isFieldValue(value))
    throw new TaipanError('REQUEST_MALFORMED', 'a header value has a control character')
  if (name === 'host' && value !== '' && !isAuthority(value))
    throw new TaipanError('REQUEST_MALFORMED', 'Host is not a host name with an optional port')
  return name.length + value.length + LINE_BYTES
}
