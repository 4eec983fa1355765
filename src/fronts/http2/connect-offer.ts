import type { ServerHttp2Stream } from 'node:http2'

import type { WebSocketChannel, WebSocketOffer } from '../../core/exchange.ts'
import { FieldBlock } from '../../core/field-block.ts'
import { encodeFields } from '../../wire/http2/response-encoder.ts'
import { type Acceptance, formatAnswerLines } from '../web-socket/answer-lines.ts'
import { ChannelConnection } from '../web-socket/channel-connection.ts'
import type { Handshake } from '../web-socket/handshake.ts'
import { createLostChannel } from '../web-socket/lost-channel.ts'
import type { Http2Context } from './http2-context.ts'
import type { Http2Response } from './http2-response.ts'

const NOTHING = Buffer.alloc(0)
const OK = 200
// The handshake of HTTP/1 alone has them (RFC 8441, 5).
const OF_HTTP1 = /^(?:upgrade|connection|sec-websocket-accept):/i

/** Parts of an offer. */
export interface ConnectOfferParts {
  readonly stream: ServerHttp2Stream
  readonly handshake: Handshake
  readonly response: Http2Response
  readonly context: Http2Context
  /** The stream is a WebSocket from now on. */
  readonly onChannel: (channel: ChannelConnection) => void
  /** The WebSocket is closed, after sending `bytes`. */
  readonly onClosed: (bytes: number, error: Error | undefined) => void
}

/** A WebSocket that a client asks for by extended CONNECT (RFC 8441); its frames are the data of the stream. */
export class ConnectOffer implements WebSocketOffer {
  readonly #parts: ConnectOfferParts

  constructor(parts: ConnectOfferParts) {
    this.#parts = parts
  }

  get subprotocols(): readonly string[] {
    return this.#parts.handshake.subprotocols
  }

  accept(acceptance: Acceptance): WebSocketChannel {
    const { stream, handshake, response, context, onChannel, onClosed } = this.#parts
    if (response.begun || response.finished || stream.destroyed || stream.closed)
      return createLostChannel()
    const { headEncoder: encoder, logger } = context
    const requestId = response.identified?.id
    const lines = formatAnswerLines(acceptance, { handshake, encoder, logger, requestId })
    response.upgrade()
    const answer = (head: string): void => stream.respond(toFields(head))
    const plan = { handshake, lines, rest: NOTHING, answer }
    const channel = context.webSockets.upgrade(stream, plan, (error) =>
      onClosed(channel?.bytes ?? 0, error),
    )
    if (channel === undefined) return createLostChannel()
    const connection = new ChannelConnection(channel)
    onChannel(connection)
    if (context.stopping) connection.closeWebSocket()
    return channel
  }
}

/** The fields of a head of HTTP/1, as far as they have a meaning here. */
function toFields(head: string): ReturnType<typeof encodeFields> {
  const lines = head.split('\r\n').slice(1)
  const kept = lines.filter((line) => line !== '' && !OF_HTTP1.test(line))
  return encodeFields(new FieldBlock(kept.map((line) => `${line}\r\n`).join('')), OK)
}
