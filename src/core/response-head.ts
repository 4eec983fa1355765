import { TaipanError } from './errors.ts'
import { FieldBlock, withoutFields, type FieldPairs } from './field-block.ts'
import { HOP_BY_HOP, isFieldValue, isToken } from './field-syntax.ts'
import { trimOws } from './ows.ts'

/**
 * Status and checked fields of a response, for any protocol.
 *
 * `fields` never contains hop-by-hop fields (`Connection`, `Transfer-Encoding` ...) nor fields that `Connection` names:
 * the front decides on framing, and `close` keeps what the application asked for.
 */
export interface ResponseHead {
  /** 200 to 599; only the front makes 1xx. */
  readonly status: number
  /** Empty for the standard phrase of the status. */
  readonly reason: string
  readonly fields: FieldBlock
  /** Value of Content-Length in `fields`; undefined when there is none. */
  readonly contentLength: number | undefined
  readonly hasDate: boolean
  readonly hasServer: boolean
  /** The application asked for the connection to be closed after this response. */
  readonly close: boolean
  /** The server has made it itself, for want of an answer. */
  readonly standsIn?: boolean
  /** It tells the author of an application about an error, by its traceback. */
  readonly explains?: boolean
}

/** Makes a head of pairs after checking them. Throws `APPLICATION_FAILED` for names or values that HTTP forbids. */
export function createResponseHead(status: number, pairs: FieldPairs): ResponseHead {
  let text = ''
  let contentLength: number | undefined
  let hasDate = false
  let hasServer = false
  let options: ReadonlySet<string> | undefined
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const name = pairs[i] ?? ''
    const value = pairs[i + 1] ?? ''
    validateField(name, value)
    const lower = name.toLowerCase()
    if (lower === 'content-length') contentLength = parseContentLength(value, contentLength)
    else if (lower === 'date') hasDate = true
    else if (lower === 'server') hasServer = true
    else if (lower === 'connection') options = parseConnection(value, options)
    if (!HOP_BY_HOP.has(lower)) text += `${name}: ${value}\r\n`
  }
  if (options !== undefined && namesOne(pairs, options)) {
    // They concern the connection only (RFC 9110, 7.6.1).
    return createResponseHead(status, withoutFields(pairs, options))
  }
  const fields = new FieldBlock(text)
  const close = options !== undefined && options.has('close')
  return { status, reason: '', fields, contentLength, hasDate, hasServer, close }
}

/** The head of a plain text of `length` bytes. Throws as `createResponseHead` does. */
export function createTextHead(
  status: number,
  length: number,
  furtherPairs: FieldPairs = [],
): ResponseHead {
  return createResponseHead(status, [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    String(length),
    ...furtherPairs,
  ])
}

/** The options of a Connection field and of earlier ones, in lower case, except those that are hop-by-hop fields anyway. */
function parseConnection(value: string, earlier: ReadonlySet<string> = new Set()): Set<string> {
  const options = value.toLowerCase().split(',')
  const trimmed = options.map(trimOws)
  return new Set([...earlier, ...trimmed.filter((option) => !HOP_BY_HOP.has(option))])
}

function namesOne(pairs: FieldPairs, options: ReadonlySet<string>): boolean {
  return pairs.some((name, at) => at % 2 === 0 && options.has(name.toLowerCase()))
}

function validateField(name: string, value: string): void {
  if (!isToken(name))
    throw new TaipanError(
      'APPLICATION_FAILED',
      `header name ${JSON.stringify(name)} is not a token`,
    )
  if (!isFieldValue(value))
    throw new TaipanError(
      'APPLICATION_FAILED',
      `value of header ${name} has characters that HTTP forbids: ${JSON.stringify(value)}`,
    )
}

function parseContentLength(value: string, earlier: number | undefined): number {
  if (earlier !== undefined)
    throw new TaipanError('APPLICATION_FAILED', 'Content-Length is given twice')
  if (!/^[0-9]{1,15}$/.test(value))
    throw new TaipanError(
      'APPLICATION_FAILED',
      `Content-Length ${JSON.stringify(value)} is not a number of bytes`,
    )
  return Number(value)
}
