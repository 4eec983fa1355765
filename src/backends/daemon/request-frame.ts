import type { Socket } from 'node:net'

import type { Invocation } from '../../core/backend.ts'
import type { Exchange } from '../../core/exchange.ts'
import { CgiName } from '../../wire/cgi-names.ts'
import { writeCgiVariables } from '../../wire/cgi-variables.ts'
import { FRAME_HEADER_BYTES, FrameType, writeFrameHeader } from '../../wire/frames.ts'
import { MarshalWriter } from '../../wire/marshal.ts'

const URL_SCHEME = new CgiName('wsgi.url_scheme')
const REQUEST_ID = new CgiName('taipan.request_id')

// A larger body leaves in a vector of its own instead of being copied behind the head.
const COPY_BYTES = 16 * 1024
const KEEP_BYTES = 64 * 1024

/** Writes REQUEST frames of one thread. Its memory is used again: the thread has read all of a request before it is free for the next. */
export class RequestWriter {
  readonly #marshal = new MarshalWriter()

  /** Sends the head, and with it the body when `bodyBytes` (all of it, buffered) is not undefined. */
  write(
    socket: Socket,
    exchange: Exchange,
    invocation: Invocation,
    facts: { readonly application: number; readonly bodyBytes: number | undefined },
  ): void {
    const { application, bodyBytes } = facts
    const marshal = this.#marshal
    marshal.trim(KEEP_BYTES)
    marshal.reset(FRAME_HEADER_BYTES)
    marshal.tuple(3)
    marshal.int(application)
    marshal.dict()
    writeCgiVariables(exchange, invocation, marshal)
    marshal.variable(URL_SCHEME, exchange.connection.scheme)
    marshal.variable(REQUEST_ID, exchange.id)
    marshal.endDict()
    if (bodyBytes === undefined) marshal.none()
    else marshal.bytesHead(bodyBytes)
    if (bodyBytes === undefined || bodyBytes === 0) this.#send(socket, 0)
    else if (bodyBytes <= COPY_BYTES) this.#sendCopied(socket, exchange)
    else this.#sendVector(socket, exchange, bodyBytes)
  }

  #send(socket: Socket, behind: number): void {
    const marshal = this.#marshal
    const payload = marshal.length - FRAME_HEADER_BYTES + behind
    writeFrameHeader(marshal.buffer, FrameType.REQUEST, 0, payload)
    socket.write(marshal.view())
  }

  #sendCopied(socket: Socket, exchange: Exchange): void {
    for (let piece = exchange.body.take(); piece !== undefined; piece = exchange.body.take())
      this.#marshal.raw(piece)
    this.#send(socket, 0)
  }

  #sendVector(socket: Socket, exchange: Exchange, bodyBytes: number): void {
    socket.cork()
    this.#send(socket, bodyBytes)
    for (let piece = exchange.body.take(); piece !== undefined; piece = exchange.body.take())
      socket.write(piece)
    socket.uncork()
  }
}
