import { formatUnknownType } from '../../wire/fastcgi/bodies.ts'
import { formatPairs, parsePairs } from '../../wire/fastcgi/pairs.ts'
import { formatRecord, RecordType } from '../../wire/fastcgi/records.ts'

/** Requests that a connection may have at a time. */
export const MOST_REQUESTS = 64

/** A management record, which concerns no request. */
export interface ManagementRecord {
  readonly type: number
  readonly content: Buffer
}

/**
 * The answer to a management record (FastCGI 1.0, 4). `connections` is the limit of connections, 0 for none: then nothing is
 * said of limits that there are not. Throws `REQUEST_MALFORMED`.
 */
export function answerManagement({ type, content }: ManagementRecord, connections: number): Buffer {
  if (type !== RecordType.GET_VALUES)
    return formatRecord(RecordType.UNKNOWN_TYPE, 0, formatUnknownType(type))
  const values = new Map([['FCGI_MPXS_CONNS', '1']])
  if (connections > 0) {
    values.set('FCGI_MAX_CONNS', String(connections))
    values.set('FCGI_MAX_REQS', String(connections * MOST_REQUESTS))
  }
  const asked = parsePairs(content, 'REQUEST_MALFORMED').filter((_, at) => at % 2 === 0)
  const known = [...new Set(asked)].flatMap((name) => {
    const value = values.get(name)
    return value === undefined ? [] : [name, value]
  })
  return formatRecord(RecordType.GET_VALUES_RESULT, 0, formatPairs(known))
}
