import type { Duplex } from 'node:stream'

import type { RequestHead } from '../../core/exchange.ts'
import type { WebSocketOptions } from './options.ts'
import type { Channel } from './channel.ts'
import { type Handshake, parseHandshake } from './handshake.ts'
import { Origins } from './origins.ts'
import type { Upgrader, UpgradePlan } from './upgrader.ts'

/** Opens the WebSockets of a front. */
export class WebSockets {
  readonly #options: WebSocketOptions
  readonly #origins: Origins
  #loading: Promise<void> | undefined
  #upgrader: Upgrader | undefined

  constructor(options: WebSocketOptions) {
    this.#options = options
    this.#origins = new Origins(options.origins)
  }

  /** Parses the handshake of a request. Throws the error to refuse the client with. */
  readHandshake(request: RequestHead): Handshake {
    const handshake = parseHandshake(request, this.#options.compression)
    this.#origins.validate(request)
    return handshake
  }

  /** Loads what `upgrade` needs, which many servers never do; undefined when it is loaded. */
  load(): Promise<void> | undefined {
    return this.#upgrader === undefined ? (this.#loading ??= this.#load()) : undefined
  }

  /** Answers a handshake and takes over the connection; undefined if the client has disconnected. */
  upgrade(
    socket: Duplex,
    plan: UpgradePlan,
    onClosed: (error: Error | undefined) => void,
  ): Channel | undefined {
    if (this.#upgrader === undefined) throw new Error('the modules for WebSockets are not loaded')
    return this.#upgrader.upgrade(socket, plan, onClosed)
  }

  async #load(): Promise<void> {
    const { Upgrader } = await import('./upgrader.ts')
    this.#upgrader = new Upgrader(this.#options)
  }
}
