import { writeAsgiScope, writeCommonScope, writeTarget } from '../../wire/asgi-scope.ts'
import { CgiName } from '../../wire/cgi-names.ts'
import { writeCgiVariables, writeCommonVariables } from '../../wire/cgi-variables.ts'
import type { MarshalWriter } from '../../wire/marshal.ts'
import type { PendingRequest } from './pending-request.ts'
import { RepeatedHeads } from './repeated-heads.ts'

const URL_SCHEME = new CgiName('wsgi.url_scheme')
const REQUEST_ID = new CgiName('taipan.request_id')

const environs = new RepeatedHeads(({ exchange, invocation }, marshal) => {
  marshal.dict()
  writeCommonVariables(exchange, invocation, marshal)
  marshal.variable(URL_SCHEME, exchange.connection.scheme)
  marshal.endDict()
})

const scopes = new RepeatedHeads(({ exchange, invocation }, marshal) =>
  writeCommonScope(exchange, invocation, marshal),
)

/** Writes the payload of a request for an ASGI application, except its body. */
export function writeAsgiRequest(request: PendingRequest, marshal: MarshalWriter): void {
  const { exchange, invocation, application } = request
  marshal.tuple(4)
  marshal.int(application)
  marshal.text(exchange.id)
  const common = scopes.encode(request)
  if (common === undefined) {
    writeAsgiScope(exchange, invocation, marshal)
    return
  }
  marshal.tuple(4)
  marshal.bytes(common)
  writeTarget(exchange.request, marshal)
}

/** Writes the payload of a request for a WSGI application, except its body. */
export function writeWsgiRequest(request: PendingRequest, marshal: MarshalWriter): void {
  marshal.tuple(3)
  marshal.int(request.application)
  const common = environs.encode(request)
  if (common === undefined) writeEnviron(request, marshal)
  else writeRepeated(request, common, marshal)
}

function writeEnviron({ exchange, invocation }: PendingRequest, marshal: MarshalWriter): void {
  marshal.dict()
  writeCgiVariables(exchange, invocation, marshal)
  marshal.variable(URL_SCHEME, exchange.connection.scheme)
  marshal.variable(REQUEST_ID, exchange.id)
  marshal.endDict()
}

function writeRepeated(request: PendingRequest, common: Uint8Array, marshal: MarshalWriter): void {
  const { exchange, invocation } = request
  marshal.tuple(5)
  marshal.bytes(common)
  marshal.text(invocation.pathInfo)
  marshal.text(exchange.request.query)
  marshal.text(exchange.request.target)
  marshal.text(exchange.id)
}
