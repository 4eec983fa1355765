import type { Invocation, ScriptFacts } from '../core/upstream.ts'
import type { Exchange, Identity, RequestFailure, RequestHead } from '../core/exchange.ts'
import type { FieldPairs } from '../core/field-block.ts'
import type { CgiWriter } from './cgi-names.ts'
import { encodeLatin1 } from './percent.ts'
import { listSslVariables } from './ssl-variables.ts'
import {
  CgiName,
  CONTENT_LENGTH,
  DROPPED,
  HTTP_AUTHORIZATION,
  HTTP_HOST,
  HTTP_X_REQUEST_ID,
  resolveCgiName,
  resolveVariableName,
  TRANSFER_ENCODING,
  trimCgiNames,
} from './cgi-names.ts'

const REQUEST_METHOD = new CgiName('REQUEST_METHOD')
const SCRIPT_NAME = new CgiName('SCRIPT_NAME')
const PATH_INFO = new CgiName('PATH_INFO')
const QUERY_STRING = new CgiName('QUERY_STRING')
const REQUEST_URI = new CgiName('REQUEST_URI')
const SERVER_NAME = new CgiName('SERVER_NAME')
const SERVER_PORT = new CgiName('SERVER_PORT')
const SERVER_PROTOCOL = new CgiName('SERVER_PROTOCOL')
const REMOTE_ADDR = new CgiName('REMOTE_ADDR')
const REMOTE_PORT = new CgiName('REMOTE_PORT')
const SCRIPT_FILENAME = new CgiName('SCRIPT_FILENAME')
const DOCUMENT_ROOT = new CgiName('DOCUMENT_ROOT')
const SCRIPT_KIND = new CgiName('taipan.script_kind')
const SCRIPT_VERSION = new CgiName('taipan.script_version')
const SCRIPT_INTERPRETER = new CgiName('taipan.script_interpreter')
const REDIRECT_STATUS = new CgiName('REDIRECT_STATUS')
const REDIRECT_URL = new CgiName('REDIRECT_URL')
const REDIRECT_QUERY_STRING = new CgiName('REDIRECT_QUERY_STRING')
const REDIRECT_REQUEST_METHOD = new CgiName('REDIRECT_REQUEST_METHOD')
const REDIRECT_ERROR_NOTES = new CgiName('REDIRECT_ERROR_NOTES')
const HTTPS = new CgiName('HTTPS')
const AUTH_TYPE = new CgiName('AUTH_TYPE')
const REMOTE_USER = new CgiName('REMOTE_USER')
const FCGI_ROLE = new CgiName('FCGI_ROLE')

const PROTOCOLS: Readonly<Record<RequestHead['version'], string>> = {
  '1.0': 'HTTP/1.0',
  '1.1': 'HTTP/1.1',
  '2': 'HTTP/2.0',
  '3': 'HTTP/3.0',
}

/** Writes the CGI variables (RFC 3875, and REQUEST_URI, REMOTE_PORT, HTTPS, SSL_PROTOCOL and the like) of an exchange. */
export function writeCgiVariables(
  exchange: Exchange,
  invocation: Invocation,
  writer: CgiWriter,
): void {
  const { request } = exchange
  writeCommonVariables(exchange, invocation, writer)
  writer.variable(PATH_INFO, invocation.pathInfo)
  writer.variable(QUERY_STRING, request.query)
  writer.variable(REQUEST_URI, request.target)
  if (exchange.sharesId === true) writer.variable(HTTP_X_REQUEST_ID, exchange.id)
}

/** Writes the variables that depend on neither the request target nor its id; clients repeat them. */
export function writeCommonVariables(
  exchange: Exchange,
  invocation: Invocation,
  writer: CgiWriter,
): void {
  const { request } = exchange
  writer.variable(REQUEST_METHOD, request.method)
  writer.variable(SCRIPT_NAME, invocation.scriptName)
  writer.variable(SERVER_PROTOCOL, PROTOCOLS[request.version])
  const role = exchange.frontServer?.role
  if (role !== undefined) writer.variable(FCGI_ROLE, role)
  if (invocation.script !== undefined) writeScript(invocation.script, writer)
  writeConnection(exchange, writer)
  if (exchange.identity !== undefined) writeIdentity(exchange.identity, writer)
  if (exchange.variables !== undefined)
    writeGiven(exchange.variables, listWritten(exchange, invocation), writer)
  if (exchange.failure !== undefined) writeFailure(exchange.failure, writer)
  writeFields(exchange, request, writer)
}

function writeGiven(variables: FieldPairs, written: ReadonlySet<string>, writer: CgiWriter): void {
  for (let at = 0; at + 1 < variables.length; at += 2) {
    const name = variables[at] ?? ''
    if (!written.has(name)) writer.variable(resolveVariableName(name), variables[at + 1] ?? '')
  }
}

/** What this server itself says, which a server in front may have said otherwise. */
function listWritten(exchange: Exchange, invocation: Invocation): ReadonlySet<string> {
  const names: CgiName[] = []
  if (invocation.script !== undefined) names.push(SCRIPT_FILENAME, DOCUMENT_ROOT)
  if (exchange.identity !== undefined) names.push(AUTH_TYPE, REMOTE_USER)
  if (exchange.failure !== undefined)
    names.push(REDIRECT_URL, REDIRECT_QUERY_STRING, REDIRECT_REQUEST_METHOD, REDIRECT_ERROR_NOTES)
  return new Set(names.map(({ text }) => text))
}

/** As of Apache, for error pages. */
function writeFailure(failure: RequestFailure, writer: CgiWriter): void {
  writer.variable(REDIRECT_STATUS, String(failure.status))
  writer.variable(REDIRECT_URL, failure.path)
  writer.variable(REDIRECT_QUERY_STRING, failure.query)
  writer.variable(REDIRECT_REQUEST_METHOD, failure.method)
  writer.variable(REDIRECT_ERROR_NOTES, failure.notes)
}

function writeScript(script: ScriptFacts, writer: CgiWriter): void {
  const { filename, root, kind, version, interpreter } = script
  writer.variable(SCRIPT_FILENAME, filename)
  writer.variable(DOCUMENT_ROOT, root)
  writer.variable(SCRIPT_KIND, kind)
  writer.variable(SCRIPT_VERSION, version)
  if (interpreter !== undefined) writer.variable(SCRIPT_INTERPRETER, interpreter)
}

function writeIdentity({ user, type }: Identity, writer: CgiWriter): void {
  writer.variable(AUTH_TYPE, type)
  writer.variable(REMOTE_USER, encodeLatin1(user))
}

function writeConnection({ connection, frontServer }: Exchange, writer: CgiWriter): void {
  const { localAddress, localPort, scheme } = connection
  // An IPv6 address has brackets (RFC 3875, 4.1.14).
  const address = localAddress.includes(':') ? `[${localAddress}]` : localAddress
  writer.variable(SERVER_NAME, frontServer?.name || address || 'localhost')
  writer.variable(SERVER_PORT, localPort || (scheme === 'https' ? '443' : '80'))
  writer.variable(REMOTE_ADDR, connection.remoteAddress)
  if (connection.remotePort !== '') writer.variable(REMOTE_PORT, connection.remotePort)
  if (scheme === 'https') writer.variable(HTTPS, 'on')
  if (connection.tls === undefined) return
  for (const [name, value] of listSslVariables(connection.tls)) writer.variable(name, value)
}

// Used within one synchronous call only, so that repeated fields are joined without a map for each request.
const present: CgiName[] = []
let lastMark = 0

function writeFields(exchange: Exchange, request: RequestHead, writer: CgiWriter): void {
  if (request.host !== '') writer.variable(HTTP_HOST, request.host)
  const count = gatherFields(request.fields)
  const hidden = listHidden(exchange)
  let chunked = false
  let sized = false
  for (let i = 0; i < count; i++) {
    const name = present[i] ?? DROPPED
    if (name === TRANSFER_ENCODING) chunked = true
    else if (!hidden.includes(name)) writer.variable(name, name.value)
    if (name === CONTENT_LENGTH) sized = true
    name.value = ''
  }
  const { length, complete } = exchange.body
  // HTTP/2 has no field that says that a body of unknown length follows.
  const isUnsaid = chunked || (request.version === '2' && length !== 0)
  if (!sized && isUnsaid && complete && length !== undefined)
    writer.variable(CONTENT_LENGTH, String(length))
}

/** What the client has sent and the application is not to see. */
function listHidden({ identity, sharesId }: Exchange): readonly CgiName[] {
  const hidesAuthorization = identity?.passesAuthorization === false
  if (sharesId === true) return hidesAuthorization ? HIDDEN.both : HIDDEN.id
  return hidesAuthorization ? HIDDEN.authorization : HIDDEN.none
}

const HIDDEN = {
  none: [],
  id: [HTTP_X_REQUEST_ID],
  authorization: [HTTP_AUTHORIZATION],
  both: [HTTP_X_REQUEST_ID, HTTP_AUTHORIZATION],
} as const

function gatherFields(fields: readonly string[]): number {
  trimCgiNames()
  const mark = ++lastMark
  let count = 0
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = resolveCgiName(fields[i] ?? '')
    if (name === DROPPED) continue
    const value = fields[i + 1] ?? ''
    if (name.mark === mark) name.value = joinValues(name, value)
    else {
      name.mark = mark
      name.value = value
      present[count++] = name
    }
  }
  return count
}

function joinValues(name: CgiName, value: string): string {
  // Repeated equal lengths mean one length (RFC 9110, 8.6); the decoder refuses different ones.
  return name === CONTENT_LENGTH ? name.value : name.value + name.separator + value
}
