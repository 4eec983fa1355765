import type { Duplex } from 'node:stream'

import type { WebSocketOffer } from '../../core/exchange.ts'
import { HttpAttempt, type HttpAttemptOptions } from './http-attempt.ts'
import { ClientHandshake } from './web-socket/client-handshake.ts'
import { createClientSocket } from './web-socket/client-socket.ts'
import type { WebSocketEnds } from './web-socket/web-socket-relay.ts'

/** What an attempt to open a WebSocket needs. */
export interface WebSocketAttemptOptions extends HttpAttemptOptions {
  readonly offer: WebSocketOffer
  /** Called when both handshakes are over, and the attempt is. */
  readonly onOpen: (ends: Pick<WebSocketEnds, 'channel' | 'webSocket'>) => void
}

/** An opening handshake on its way to the upstream. If it is refused, that is an ordinary response. */
export class WebSocketAttempt extends HttpAttempt {
  readonly #offer: WebSocketOffer
  readonly #onOpen: WebSocketAttemptOptions['onOpen']
  readonly #handshake: ClientHandshake

  constructor(options: WebSocketAttemptOptions) {
    super(options)
    this.#offer = options.offer
    this.#onOpen = options.onOpen
    this.#handshake = new ClientHandshake(options.offer.subprotocols)
  }

  override start(): void {
    const { connection, target, fields } = this.options
    const headers = [...fields, ...this.#handshake.fields]
    connection.dispatch({ path: target, method: 'GET', headers, upgrade: 'websocket' }, this)
  }

  onUpgrade(_status: number, fields: Buffer[] | string[] | null, socket: Duplex): void {
    this.heard = true
    const answer = this.#handshake.read((fields ?? []).map((part) => part.toString('latin1')))
    this.options.connection.giveAway()
    const channel = this.#offer.accept(answer)
    this.#onOpen({ channel, webSocket: createClientSocket(socket) })
    this.end({ kind: 'answered' })
  }
}
