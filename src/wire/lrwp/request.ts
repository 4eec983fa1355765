import { TaipanError } from '../../core/errors.ts'
import { PART_LIMIT, formatLength } from './lengths.ts'

/**
 * A request but for its body: the environment with its length, and the length of the body. `variables` are names and values
 * in turn, one character per byte. Throws `BODY_TOO_LARGE` or `FIELDS_TOO_LARGE` for what nine digits cannot tell, and
 * `REQUEST_MALFORMED` for a NUL, which would end a value early.
 */
export function formatRequestHead(variables: readonly string[], bodyLength: number): Buffer {
  const pairs: string[] = []
  for (let i = 0; i < variables.length; i += 2) {
    const pair = `${variables[i] ?? ''}=${variables[i + 1] ?? ''}`
    if (pair.includes('\0'))
      throw new TaipanError('REQUEST_MALFORMED', `${variables[i]} has a NUL, which ends values`)
    pairs.push(`${pair}\0`)
  }
  // One more NUL ends them, and is counted.
  const environment = `${pairs.join('')}\0`
  if (environment.length > PART_LIMIT)
    throw new TaipanError('FIELDS_TOO_LARGE', 'the variables of the request do not fit into LRWP')
  if (bodyLength > PART_LIMIT)
    throw new TaipanError(
      'BODY_TOO_LARGE',
      `a body of ${bodyLength} bytes does not fit into LRWP, which has room for ${PART_LIMIT}`,
    )
  return Buffer.from(
    formatLength(environment.length) + environment + formatLength(bodyLength),
    'latin1',
  )
}
