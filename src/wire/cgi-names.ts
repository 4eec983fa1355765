/** Name of a CGI variable, with its bytes ready for a wire. */
export class CgiName {
  readonly text: string
  /** One byte per character. */
  readonly bytes: Uint8Array
  /** What stands between the values of repeated fields. */
  readonly separator: string
  /** Mark of the request whose value is gathered here. */
  mark = 0
  /** Value gathered for that request. */
  value = ''

  constructor(text: string, separator = ',') {
    this.text = text
    this.bytes = Buffer.from(text, 'latin1')
    this.separator = separator
  }
}

/** Where CGI variables are written to: `marshal`, FastCGI name-value pairs, an environment block. */
export interface CgiWriter {
  variable(name: CgiName, value: string): void
}

const CONTENT_TYPE = new CgiName('CONTENT_TYPE')
/** Names that are written apart from the fields of the request. */
export const CONTENT_LENGTH = new CgiName('CONTENT_LENGTH')
/** Never written; its presence says that the body was chunked. */
export const TRANSFER_ENCODING = new CgiName('')
export const HTTP_HOST = new CgiName('HTTP_HOST')
const HTTP_COOKIE = new CgiName('HTTP_COOKIE', '; ')

/** Never written. */
export const DROPPED = new CgiName('')

const KNOWN: ReadonlyMap<string, CgiName> = new Map([
  ['content-type', CONTENT_TYPE],
  ['content-length', CONTENT_LENGTH],
  ['transfer-encoding', TRANSFER_ENCODING],
  ['cookie', HTTP_COOKIE],
  // The authority of the request decides, which an absolute-form target may have replaced.
  ['host', DROPPED],
  // Programs take HTTP_PROXY from their environment as the proxy to use ("httpoxy").
  ['proxy', DROPPED],
])

// An underscore would let `X_Name` pass for `X-Name`.
const FIELD_NAME = /^[A-Za-z0-9-]+$/
const CACHE_LIMIT = 1024

const byField = new Map<string, CgiName>()
const byVariable = new Map<string, CgiName>()

/** Forgets field names once there are many. Between requests only: one request's repeats must meet the same object. */
export function trimCgiNames(): void {
  if (byField.size < CACHE_LIMIT) return
  byField.clear()
  byVariable.clear()
}

/** The variable of a field name as sent; `DROPPED` for names that must not reach an application. */
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
  const variable = `HTTP_${field.toUpperCase().replaceAll('-', '_')}`
  const existing = byVariable.get(variable)
  if (existing !== undefined) return existing
  const name = new CgiName(variable)
  byVariable.set(variable, name)
  return name
}
