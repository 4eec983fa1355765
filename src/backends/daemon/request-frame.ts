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

/** What goes into a REQUEST frame beside the exchange and its place. */
export interface RequestFacts {
  readonly application: number
  /** The whole body; undefined when the thread has to ask for it. */
  readonly body: readonly Uint8Array[] | undefined
}

/** Writes REQUEST frames of one thread. Its memory is used again: the thread has read all of a request before it is free for the next. */
export class RequestWriter {
  readonly #marshal = new MarshalWriter()

  /** Sends the frame, in one write when the body is short. */
  write(socket: Socket, exchange: Exchange, invocation: Invocation, facts: RequestFacts): void {
    const { application, body } = facts
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
    if (body === undefined) {
      marshal.none()
      this.#send(socket, 0)
      return
    }
    this.#sendBody(socket, body)
  }

  #sendBody(socket: Socket, body: readonly Uint8Array[]): void {
    let length = 0
    for (const piece of body) length += piece.length
    this.#marshal.bytesHead(length)
    if (length <= COPY_BYTES) {
      for (const piece of body) this.#marshal.raw(piece)
      this.#send(socket, 0)
      return
    }
    socket.cork()
    this.#send(socket, length)
    for (const piece of body) socket.write(piece)
    socket.uncork()
  }

  #send(socket: Socket, behind: number): void {
    const marshal = this.#marshal
    const payload = marshal.length - FRAME_HEADER_BYTES + behind
    writeFrameHeader(marshal.buffer, FrameType.REQUEST, 0, payload)
    socket.write(marshal.view())
  }
}
