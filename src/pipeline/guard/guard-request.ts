import type { ConnectionFacts, Exchange, RequestHead } from '../../core/exchange.ts'
import type { FieldPairs } from '../../core/field-block.ts'
import { readField } from '../field-values.ts'
import { withoutCredentials } from './credential-fields.ts'

/** A request as functions of a configuration see it, without its Authorization field. */
export interface GuardRequest extends RequestHead {
  /** The same as in the log. */
  readonly id: string
  readonly connection: ConnectionFacts
  /** The value of a field, several lines joined by commas; undefined when absent. The case of the name does not count. */
  field(name: string): string | undefined
}

/** What a function of a configuration may return: the value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>

/** The request of an exchange. */
export function describeRequest({ id, request, connection }: Exchange): GuardRequest {
  const fields: FieldPairs = withoutCredentials(request.fields)
  const { method, target, path, query, version, host } = request
  return {
    id,
    connection,
    method,
    target,
    path,
    query,
    version,
    host,
    fields,
    field: (name) => readField(fields, name.toLowerCase()),
  }
}
