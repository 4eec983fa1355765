import type { Exchange } from '../../core/exchange.ts'
import { writeAsgiScope, writeCommonScope, writeTarget } from '../../wire/asgi-scope.ts'
import { CgiName } from '../../wire/cgi-names.ts'
import { writeCgiVariables, writeCommonVariables } from '../../wire/cgi-variables.ts'
import { MarshalWriter } from '../../wire/marshal.ts'
import { RepeatedHeads } from '../../wire/repeated-heads.ts'
import { mayOpenSocket, type PendingRequest } from './pending-request.ts'

const URL_SCHEME = new CgiName('wsgi.url_scheme')
const REQUEST_ID = new CgiName('taipan.request_id')
const WEB_SOCKET = new CgiName('taipan.websocket')
const CALLABLE = new CgiName('taipan.callable')

const encoder = new MarshalWriter()

const environs = new RepeatedHeads((exchange, invocation) => {
  encoder.clear()
  encoder.dict()
  writeCommonVariables(exchange, invocation, encoder)
  encoder.variable(URL_SCHEME, exchange.connection.scheme)
  encoder.endDict()
  return Uint8Array.from(encoder.view())
})

const scopes = new RepeatedHeads((exchange, invocation) => {
  encoder.clear()
  writeCommonScope(exchange, invocation, encoder)
  return Uint8Array.from(encoder.view())
})

/** Writes the payload of a request for an ASGI application, except its body. */
export function writeAsgiRequest(request: PendingRequest, marshal: MarshalWriter): void {
  const { exchange, invocation, application } = request
  marshal.tuple(4)
  marshal.int(application)
  marshal.text(exchange.id)
  const common = encodeRepeated(scopes, request)
  if (common === undefined) {
    writeAsgiScope(exchange, invocation, marshal)
    return
  }
  marshal.tuple(5)
  marshal.bytes(common)
  writeTarget(exchange.request, marshal)
  writeShared(exchange, marshal)
}

/** Writes the payload of a request for a WSGI application, except its body. */
export function writeWsgiRequest(request: PendingRequest, marshal: MarshalWriter): void {
  marshal.tuple(3)
  marshal.int(request.application)
  const common = encodeRepeated(environs, request)
  if (common === undefined) writeEnviron(request, marshal)
  else writeRepeated(request, common, marshal)
}

function encodeRepeated(
  heads: RepeatedHeads,
  { exchange, invocation, body }: PendingRequest,
): Uint8Array | undefined {
  if (invocation.callable !== undefined) return undefined
  return body === undefined || body.length > 0 ? undefined : heads.encode(exchange, invocation)
}

function writeEnviron(request: PendingRequest, marshal: MarshalWriter): void {
  const { exchange, invocation, body } = request
  marshal.dict()
  writeCgiVariables(exchange, invocation, marshal)
  marshal.variable(URL_SCHEME, exchange.connection.scheme)
  marshal.variable(REQUEST_ID, exchange.id)
  // Python makes an object of it; the body would have been taken along where there can be none.
  if (body === undefined && mayOpenSocket(request))
    marshal.variable(WEB_SOCKET, exchange.webSocket?.subprotocols.join() ?? '')
  if (invocation.callable !== undefined) marshal.variable(CALLABLE, invocation.callable)
  marshal.endDict()
}

function writeRepeated(request: PendingRequest, common: Uint8Array, marshal: MarshalWriter): void {
  const { exchange, invocation } = request
  marshal.tuple(6)
  marshal.bytes(common)
  marshal.text(invocation.pathInfo)
  marshal.text(exchange.request.query)
  marshal.text(exchange.request.target)
  marshal.text(exchange.id)
  writeShared(exchange, marshal)
}

/** The id if the application is told it as a field of the request, too. */
function writeShared({ sharesId, id }: Exchange, marshal: MarshalWriter): void {
  if (sharesId === true) marshal.text(id)
  else marshal.none()
}
