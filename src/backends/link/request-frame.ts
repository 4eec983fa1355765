import type { Socket } from 'node:net'

import { writeAsgiScope, writeCommonScope, writeTarget } from '../../wire/asgi-scope.ts'
import { CgiName } from '../../wire/cgi-names.ts'
import { writeCgiVariables, writeCommonVariables } from '../../wire/cgi-variables.ts'
import { FRAME_HEADER_BYTES, FrameType, writeFrameHeader } from '../../wire/frames.ts'
import { MarshalWriter } from '../../wire/marshal.ts'
import type { Errand } from './errand.ts'
import { Repeats } from './repeats.ts'

const URL_SCHEME = new CgiName('wsgi.url_scheme')
const REQUEST_ID = new CgiName('taipan.request_id')

// A larger body leaves in a vector of its own instead of being copied behind the head.
const COPY_BYTES = 16 * 1024
const KEEP_BYTES = 64 * 1024

const environs = new Repeats(({ exchange, invocation }, marshal) => {
  marshal.dict()
  writeCommonVariables(exchange, invocation, marshal)
  marshal.variable(URL_SCHEME, exchange.connection.scheme)
  marshal.endDict()
})

const scopes = new Repeats(({ exchange, invocation }, marshal) =>
  writeCommonScope(exchange, invocation, marshal),
)

/** Begins the payload of a request for an ASGI application; its body must follow. */
export function writeAsgiRequest(errand: Errand, marshal: MarshalWriter): void {
  const { exchange, invocation, application } = errand
  marshal.tuple(4)
  marshal.int(application)
  marshal.text(exchange.id)
  const common = scopes.encode(errand)
  if (common === undefined) {
    writeAsgiScope(exchange, invocation, marshal)
    return
  }
  marshal.tuple(4)
  marshal.bytes(common)
  writeTarget(exchange.request, marshal)
}

/** Begins the payload of a request for a WSGI application; its body must follow. */
export function writeWsgiRequest(errand: Errand, marshal: MarshalWriter): void {
  marshal.tuple(3)
  marshal.int(errand.application)
  const common = environs.encode(errand)
  if (common === undefined) writeEnviron(errand, marshal)
  else writeRepeated(errand, common, marshal)
}

function writeEnviron({ exchange, invocation }: Errand, marshal: MarshalWriter): void {
  marshal.dict()
  writeCgiVariables(exchange, invocation, marshal)
  marshal.variable(URL_SCHEME, exchange.connection.scheme)
  marshal.variable(REQUEST_ID, exchange.id)
  marshal.endDict()
}

function writeRepeated(errand: Errand, common: Uint8Array, marshal: MarshalWriter): void {
  const { exchange, invocation } = errand
  marshal.tuple(5)
  marshal.bytes(common)
  marshal.text(invocation.pathInfo)
  marshal.text(exchange.request.query)
  marshal.text(exchange.request.target)
  marshal.text(exchange.id)
}

/** Writes REQUEST frames of one thread: `add` gathers them, `flush` sends what was gathered in one write. */
export class RequestWriter {
  readonly #socket: Socket
  readonly #marshal = new MarshalWriter()

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Adds a frame. `serial` names the request in the frames that concern it. */
  add(errand: Errand, serial: number): void {
    const { body } = errand
    const marshal = this.#marshal
    const start = marshal.skip(FRAME_HEADER_BYTES)
    writeWsgiRequest(errand, marshal)
    if (body === undefined) marshal.none()
    const length = body === undefined ? 0 : this.#addBody(body)
    writeFrameHeader(marshal.buffer, start, {
      type: FrameType.REQUEST,
      flags: 0,
      status: serial,
      length: marshal.length - start - FRAME_HEADER_BYTES + length,
    })
    if (body !== undefined && length > 0) this.#sendBody(body)
  }

  /** Sends what was added. */
  flush(): void {
    const marshal = this.#marshal
    if (marshal.length === 0) return
    this.#socket.write(marshal.view())
    // What the system has not taken yet is still read from this memory.
    if (this.#socket.writableLength > 0) marshal.detach()
    else marshal.clear()
    marshal.trim(KEEP_BYTES)
  }

  /** Bytes that have to be sent behind the frame's head; 0 when they were copied. */
  #addBody(body: readonly Uint8Array[]): number {
    let length = 0
    for (const piece of body) length += piece.length
    this.#marshal.bytesHead(length)
    if (length > COPY_BYTES) return length
    for (const piece of body) this.#marshal.raw(piece)
    return 0
  }

  #sendBody(body: readonly Uint8Array[]): void {
    this.#socket.cork()
    this.flush()
    for (const piece of body) this.#socket.write(piece)
    this.#socket.uncork()
  }
}
