import type { Exchange, WebSocketChannel, WebSocketClose } from '../../../src/core/exchange.ts'
import { FieldBlock } from '../../../src/core/field-block.ts'
import { answer } from '../support/front-lab.ts'

/** Records of a test about its sockets. */
export interface Log {
  readonly channels: WebSocketChannel[]
  readonly messages: { readonly data: Buffer; readonly isText: boolean }[]
  readonly closes: WebSocketClose[]
}

export function createLog(): Log {
  return { channels: [], messages: [], closes: [] }
}

/** How to accept a socket. */
export interface Acceptance {
  readonly subprotocol?: string
  readonly fields?: string
  /** Bytes to request at once; 0 requests nothing. */
  readonly credit?: number
  readonly onMessage?: (channel: WebSocketChannel, data: Buffer, isText: boolean) => void
}

/** Accepts WebSockets, records what happens, and answers other requests with a text. */
export function accept(log: Log, acceptance: Acceptance = {}): (exchange: Exchange) => void {
  const { subprotocol = '', fields = '', credit = Number.MAX_SAFE_INTEGER } = acceptance
  return (exchange) => {
    if (exchange.webSocket === undefined) {
      answer(exchange, `no socket ${exchange.request.target}`)
      return
    }
    const channel = exchange.webSocket.accept({ subprotocol, fields: new FieldBlock(fields) })
    log.channels.push(channel)
    channel.onMessage = (data, isText) => {
      log.messages.push({ data, isText })
      acceptance.onMessage?.(channel, data, isText)
    }
    channel.onClose = (close) => {
      log.closes.push(close)
    }
    if (credit > 0) channel.request(credit)
  }
}

/** Sends each message back. */
export function echo(log: Log): (exchange: Exchange) => void {
  return accept(log, {
    onMessage: (channel, data, isText) => {
      channel.send(data, { isText, last: true })
    },
  })
}
