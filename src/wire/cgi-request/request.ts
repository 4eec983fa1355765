import { TaipanError } from '../../core/errors.ts'
import type {
  ConnectionFacts,
  FrontServerFacts,
  FrontServerRole,
  RequestHead,
} from '../../core/exchange.ts'
import type { FieldPairs } from '../../core/field-block.ts'
import { isToken } from '../../core/field-syntax.ts'
import type { Http1Limits } from '../http1/limits.ts'
import { isKnownMethod } from '../http1/methods.ts'
import { readFields } from './fields.ts'
import { listFurther, readConnection } from './front-facts.ts'
import { readTarget } from './target.ts'
import { divideVariables, type Variables } from './variables.ts'

/** A request that came as CGI variables. */
export interface CgiRequest {
  readonly head: RequestHead
  /** CONTENT_LENGTH; undefined if it is absent or empty. */
  readonly contentLength: number | undefined
  readonly connection: ConnectionFacts
  readonly frontServer: FrontServerFacts
  /** What the front server says besides: names and values in turn, each name once. */
  readonly variables: FieldPairs
}

/** What variables are read with. */
export interface CgiRequestOptions {
  readonly limits: Http1Limits
  readonly role?: FrontServerRole | undefined
}

/**
 * Reads the variables of a front server, names and values in turn, one character per byte. What its client may have chosen
 * is checked as strictly as an HTTP request. Throws a `TaipanError` with the status to refuse the request with.
 */
export function parseCgiRequest(
  pairs: readonly string[],
  { limits, role }: CgiRequestOptions,
): CgiRequest {
  const divided = divideVariables(pairs)
  const { variables } = divided
  const method = readMethod(variables)
  const { path, query, target, mount } = readTarget(variables, limits.targetBytes)
  const fields = readFields(divided, limits)
  const version = VERSIONS[variables.get('SERVER_PROTOCOL') ?? ''] ?? '1.1'
  const host = divided.fields.get('host')?.trim() ?? ''
  return {
    head: { method, target, path, query, version, fields, host },
    contentLength: readContentLength(variables, limits.body),
    connection: readConnection(variables),
    frontServer: { mount, name: variables.get('SERVER_NAME') ?? '', role },
    variables: listFurther(variables),
  }
}

/** The error for a body over the limit. */
export function createBodyError(most: number): TaipanError {
  return new TaipanError('BODY_TOO_LARGE', `the body is longer than ${most} bytes`)
}

const VERSIONS: Readonly<Record<string, RequestHead['version']>> = {
  'HTTP/1.0': '1.0',
  'HTTP/2.0': '2',
  'HTTP/2': '2',
  'HTTP/3.0': '3',
  'HTTP/3': '3',
}

function readMethod(variables: Variables): string {
  const method = variables.get('REQUEST_METHOD') ?? ''
  if (!isToken(method))
    throw new TaipanError('REQUEST_MALFORMED', 'REQUEST_METHOD is missing, or is no method')
  if (!isKnownMethod(method))
    throw new TaipanError('NOT_IMPLEMENTED', 'the request method is not supported')
  return method
}

function readContentLength(variables: Variables, most: number): number | undefined {
  const text = variables.get('CONTENT_LENGTH') ?? ''
  if (text === '') return undefined
  if (!/^\d{1,15}$/.test(text))
    throw new TaipanError('REQUEST_MALFORMED', 'CONTENT_LENGTH is not a number')
  const length = Number(text)
  if (most > 0 && length > most) throw createBodyError(most)
  return length
}
