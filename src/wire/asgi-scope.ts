import type { Invocation } from '../core/upstream.ts'
import type { Exchange, FrontServerFacts, Identity, RequestHead } from '../core/exchange.ts'
import { DROPPED_NAME, resolvePairHead } from './asgi-names.ts'
import type { FieldPairs } from '../core/field-block.ts'
import type { MarshalWriter } from './marshal.ts'
import { encodeKey, encodeText } from './marshal.ts'
import { writeTlsExtension } from './tls-extension.ts'
import { decodeLatin1, decodePercent } from './percent.ts'

const TYPE_HTTP = encodeEntry('type', 'http')
const TYPE_WEB_SOCKET = encodeEntry('type', 'websocket')
const VERSIONS: Readonly<Record<RequestHead['version'], Uint8Array>> = {
  '1.0': encodeEntry('http_version', '1.0'),
  '1.1': encodeEntry('http_version', '1.1'),
  '2': encodeEntry('http_version', '2'),
  '3': encodeEntry('http_version', '3'),
}
const SCHEMES = {
  http: { http: encodeEntry('scheme', 'http'), https: encodeEntry('scheme', 'https') },
  webSocket: { http: encodeEntry('scheme', 'ws'), https: encodeEntry('scheme', 'wss') },
}
const METHOD = encodeKey('method')
const METHOD_GET = encodeEntry('method', 'GET')
const PATH = encodeKey('path')
const RAW_PATH = encodeKey('raw_path')
const QUERY_STRING = encodeKey('query_string')
const ROOT_PATH = encodeKey('root_path')
const HEADERS = encodeKey('headers')
const CLIENT = encodeKey('client')
const SERVER = encodeKey('server')
const SUBPROTOCOLS = encodeKey('subprotocols')
const EXTENSIONS = encodeKey('extensions')
const AUTH = encodeKey('taipan.auth')
const AUTH_TYPES = {
  Basic: encodeEntry('type', 'Basic'),
  Digest: encodeEntry('type', 'Digest'),
}
const AUTH_USER = encodeKey('user')
const VARIABLES = encodeKey('taipan.variables')
const FCGI_ROLE = encodeKey('FCGI_ROLE')
/** The worker makes a header of it, too. */
const ID = encodeKey('taipan.request_id')
const RELAYED = encodeKey('taipan.relayed')
const AUTHORIZATION = /^authorization$/i
const REQUEST_ID = /^x-request-id$/i

const NON_ASCII = /[^\0-\x7f]/

function encodeEntry(key: string, value: string): Uint8Array {
  return Buffer.concat([encodeKey(key), encodeText(value)])
}

/**
 * Writes the ASGI scope of an exchange as a dict, without `asgi`, `state` and the usual `extensions`: a WebSocket scope when the
 * exchange has a WebSocket offer, else an HTTP scope.
 */
export function writeAsgiScope(
  exchange: Exchange,
  invocation: Invocation,
  writer: MarshalWriter,
): void {
  const { path, query } = exchange.request
  writer.dict()
  writeKind(exchange, writer)
  writer.encoded(PATH)
  writeDecoded(decodePercent(path), writer)
  writer.encoded(RAW_PATH)
  writer.latin1Bytes(path)
  writer.encoded(QUERY_STRING)
  writer.latin1Bytes(query)
  writeRest(exchange, invocation, writer)
  if (exchange.sharesId === true) {
    writer.encoded(ID)
    writer.text(exchange.id)
  }
  writer.endDict()
}

/** Writes the scope without the values that depend on the request target, and without the id; clients repeat the rest. */
export function writeCommonScope(
  exchange: Exchange,
  invocation: Invocation,
  writer: MarshalWriter,
): void {
  writer.dict()
  writeKind(exchange, writer)
  writeRest(exchange, invocation, writer)
  writer.endDict()
}

/** Writes the values that `writeCommonScope` omits: `path`, `raw_path` and `query_string`. */
export function writeTarget({ path, query }: RequestHead, writer: MarshalWriter): void {
  writeDecoded(decodePercent(path), writer)
  writer.latin1Bytes(path)
  writer.latin1Bytes(query)
}

function writeKind({ request, connection, webSocket }: Exchange, writer: MarshalWriter): void {
  writer.encoded(webSocket === undefined ? TYPE_HTTP : TYPE_WEB_SOCKET)
  writer.encoded(VERSIONS[request.version])
  const schemes = webSocket === undefined ? SCHEMES.http : SCHEMES.webSocket
  writer.encoded(schemes[connection.scheme])
  if (webSocket === undefined) writeMethod(request.method, writer)
}

function writeRest(exchange: Exchange, invocation: Invocation, writer: MarshalWriter): void {
  const { webSocket, identity, variables } = exchange
  writer.encoded(ROOT_PATH)
  writeDecoded(invocation.scriptName, writer)
  writeConnection(exchange, writer)
  writer.encoded(HEADERS)
  writeFields(exchange, writer)
  if (exchange.frontServer !== undefined) writeFrontServer(exchange.frontServer, writer)
  const { tls } = exchange.connection
  if (identity !== undefined || variables !== undefined || tls !== undefined)
    writeExtensions(exchange, writer)
  if (webSocket !== undefined) writeSubprotocols(webSocket.subprotocols, writer)
}

function writeMethod(method: string, writer: MarshalWriter): void {
  if (method === 'GET') {
    writer.encoded(METHOD_GET)
    return
  }
  writer.encoded(METHOD)
  writer.text(method.toUpperCase())
}

/** Writes text whose characters are the bytes of UTF-8; invalid bytes become U+FFFD. */
function writeDecoded(bytes: string, writer: MarshalWriter): void {
  if (NON_ASCII.test(bytes)) writer.unicode(decodeLatin1(bytes))
  else writer.text(bytes)
}

function writeConnection({ connection, frontServer }: Exchange, writer: MarshalWriter): void {
  writer.encoded(CLIENT)
  if (connection.remoteAddress === '') writer.none()
  else writeAddress(connection.remoteAddress, connection.remotePort, writer)
  writer.encoded(SERVER)
  if (connection.localAddress !== '')
    writeAddress(connection.localAddress, connection.localPort, writer)
  else if (frontServer !== undefined && frontServer.name !== '')
    writeAddress(frontServer.name, connection.localPort, writer)
  else if (connection.localPath === '') writer.none()
  else {
    writer.tuple(2)
    writer.unicode(connection.localPath)
    writer.none()
  }
}

function writeAddress(address: string, port: string, writer: MarshalWriter): void {
  writer.tuple(2)
  writer.text(address)
  writer.int(Number(port))
}

/** The role of a FastCGI request; and that the way to the client has no place for interim responses, which the worker removes. */
function writeFrontServer({ role }: FrontServerFacts, writer: MarshalWriter): void {
  writer.encoded(RELAYED)
  writer.none()
  if (role === undefined) return
  writer.encoded(FCGI_ROLE)
  writer.text(role)
}

/** `extensions`, to which the worker adds its own. */
function writeExtensions(
  { identity, variables, connection }: Exchange,
  writer: MarshalWriter,
): void {
  writer.encoded(EXTENSIONS)
  writer.dict()
  if (identity !== undefined) writeIdentity(identity, writer)
  if (variables !== undefined) writeVariables(variables, writer)
  if (connection.tls !== undefined) writeTlsExtension(connection.tls, writer)
  writer.endDict()
}

function writeVariables(variables: FieldPairs, writer: MarshalWriter): void {
  writer.encoded(VARIABLES)
  writer.dict()
  for (let at = 0; at + 1 < variables.length; at += 2) {
    writer.text(variables[at] ?? '')
    writeDecoded(variables[at + 1] ?? '', writer)
  }
  writer.endDict()
}

function writeIdentity({ user, type }: Identity, writer: MarshalWriter): void {
  writer.encoded(AUTH)
  writer.dict()
  writer.encoded(AUTH_TYPES[type])
  writer.encoded(AUTH_USER)
  writer.unicode(user)
  writer.endDict()
}

function writeFields(
  { request: { fields }, identity, sharesId }: Exchange,
  writer: MarshalWriter,
): void {
  const hidesAuthorization = identity?.passesAuthorization === false
  const countAt = writer.list(0)
  let count = 0
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const head = resolvePairHead(name)
    if (head === DROPPED_NAME) continue
    if (hidesAuthorization && AUTHORIZATION.test(name)) continue
    // The worker adds the one that is known here.
    if (sharesId === true && REQUEST_ID.test(name)) continue
    writer.encoded(head)
    writer.latin1Bytes(fields[i + 1] ?? '')
    count++
  }
  writer.setCount(countAt, count)
}

function writeSubprotocols(names: readonly string[], writer: MarshalWriter): void {
  writer.encoded(SUBPROTOCOLS)
  writer.list(names.length)
  for (const name of names) writer.text(name)
}
