/** Name of a CGI variable, with its encoded bytes. */
export class CgiName {
  readonly text: string
  /** One byte per character. */
  readonly bytes: Uint8Array
  /** Joins the values of repeated fields. */
  readonly separator: string
  /** Number of the request that `value` belongs to. */
  mark = 0
  /** Value of the variable in that request. */
  value = ''

  constructor(text: string, separator = ',') {
    this.text = text
    this.bytes = Buffer.from(text, 'latin1')
    this.separator = separator
  }
}

/** Destination of CGI variables: `marshal`, FastCGI name-value pairs, or an environment block. */
export interface CgiWriter {
  variable(name: CgiName, value: string): void
}

const CONTENT_TYPE = new CgiName('CONTENT_TYPE')
/** Names that are handled apart from the other fields. */
export const CONTENT_LENGTH = new CgiName('CONTENT_LENGTH')
/** Never written; its presence means that the body was chunked. */
export const TRANSFER_ENCODING = new CgiName('')
/** Left out where Taipan itself has asked who the client is. */
export const HTTP_AUTHORIZATION = new CgiName('HTTP_AUTHORIZATION')
/** Where the application is told the id of the request, that of the client is left out. */
export const HTTP_X_REQUEST_ID = new CgiName('HTTP_X_REQUEST_ID')
export const HTTP_HOST = new CgiName('HTTP_HOST')
const HTTP_COOKIE = new CgiName('HTTP_COOKIE', '; ')

/** Never written. */
export const DROPPED = new CgiName('')

const KNOWN: ReadonlyMap<string, CgiName> = new Map([
  ['content-type', CONTENT_TYPE],
  ['content-length', CONTENT_LENGTH],
  ['transfer-encoding', TRANSFER_ENCODING],
  ['cookie', HTTP_COOKIE],
  ['authorization', HTTP_AUTHORIZATION],
  ['x-request-id', HTTP_X_REQUEST_ID],
  // HTTP_HOST is the authority of the request, which an absolute-form target may replace.
  ['host', DROPPED],
  // Programs use HTTP_PROXY of their environment as their proxy ("httpoxy").
  ['proxy', DROPPED],
])

/** The name of a variable that a front server has chosen. */
export function resolveVariableName(variable: string): CgiName {
  const known = byVariable.get(variable)
  if (known !== undefined) return known
  const name = new CgiName(variable)
  byVariable.set(variable, name)
  return name
}

// With an underscore `X_Name` would look like `X-Name`.
const FIELD_NAME = /^[A-Za-z0-9-]+$/
const CACHE_LIMIT = 1024

const byField = new Map<string, CgiName>()
const byVariable = new Map<string, CgiName>()

/** Empties the cache when it is full. Call it between requests only: repeated fields of a request need the same object. */
export function trimCgiNames(): void {
  if (byField.size < CACHE_LIMIT && byVariable.size < CACHE_LIMIT) return
  byField.clear()
  byVariable.clear()
}

/** The variable for a field name; `DROPPED` for names that must not reach an application. */
export function resolveCgiName(field: string): CgiName {
  const known = byField.get(field)
  if (known !== undefined) return known
  const name = createCgiName(field)
  byField.set(field, name)
  return name
}

function createCgiName(field: string): CgiName {
  if (!FIELD_NAME.test(field)) return DROPPED
  const known = KNOWN.get(field.toLowerCase())
  if (known !== undefined) return known
  return resolveVariableName(`HTTP_${field.toUpperCase().replaceAll('-', '_')}`)
}
