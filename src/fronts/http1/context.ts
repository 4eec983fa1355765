import { ResponseEncoder } from '../../wire/http1/response-encoder.ts'
import type { HttpFrontOptions } from '../options.ts'
import { Origins } from '../web-socket/origins.ts'
import { Upgrader } from '../web-socket/upgrader.ts'

/** What all connections of one front share. */
export class FrontContext {
  readonly options: HttpFrontOptions
  readonly encoder: ResponseEncoder
  readonly origins: Origins
  readonly upgrader: Upgrader
  /** Connections are not kept for another request any more. */
  stopping = false
  readonly #prefix = Math.random().toString(36).slice(2, 6).padEnd(4, '0')
  #counter = 0

  constructor(options: HttpFrontOptions) {
    this.options = options
    this.encoder = new ResponseEncoder(options.serverSoftware)
    this.origins = new Origins(options.webSocket.origins)
    this.upgrader = new Upgrader(options.webSocket)
  }

  /** An id no other request of this run has: a random prefix tells runs apart in one log. */
  createId(): string {
    this.#counter += 1
    return `${this.#prefix}-${this.#counter.toString(36)}`
  }
}
