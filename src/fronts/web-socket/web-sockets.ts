import type { Duplex } from 'node:stream'

import type { RequestHead } from '../../core/exchange.ts'
import type { WebSocketOptions } from '../options.ts'
import type { FrontSocket } from './front-socket.ts'
import { type Handshake, parseHandshake } from './handshake.ts'
import { Origins } from './origins.ts'
import { Upgrader, type UpgradePlan } from './upgrader.ts'

/** Opens the WebSockets of a front. */
export class WebSockets {
  readonly #compression: boolean
  readonly #origins: Origins
  readonly #upgrader: Upgrader

  constructor(options: WebSocketOptions) {
    this.#compression = options.compression
    this.#origins = new Origins(options.origins)
    this.#upgrader = new Upgrader(options)
  }

  /** Parses the handshake of a request. Throws the error to refuse the client with. */
  readHandshake(request: RequestHead): Handshake {
    const handshake = parseHandshake(request, this.#compression)
    this.#origins.validate(request)
    return handshake
  }

  /** Answers a handshake and takes over the connection; undefined if the client has disconnected. */
  upgrade(socket: Duplex, plan: UpgradePlan): FrontSocket | undefined {
    return this.#upgrader.upgrade(socket, plan)
  }
}
