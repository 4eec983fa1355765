import type { Socket } from 'node:net'
import type { ConnectionSource, ListenAddress } from '../../fronts/http/options.ts'

/** The near ends of doors that another process keeps: connections come in by `receive`. */
export class HandedDoors {
  readonly addresses: readonly ListenAddress[]
  readonly #sources: readonly HandedSource[]

  constructor(urls: readonly string[]) {
    this.#sources = urls.map(() => new HandedSource())
    this.addresses = this.#sources.map((source, index) => ({
      kind: 'handed',
      url: urls[index] ?? '',
      source,
    }))
  }

  receive(socket: Socket, door: number): void {
    const source = this.#sources[door]
    if (source === undefined) socket.destroy()
    else source.receive(socket)
  }
}

class HandedSource implements ConnectionSource {
  #onConnection: ((socket: Socket) => void) | undefined
  #closed = false

  open(onConnection: (socket: Socket) => void): void {
    this.#onConnection = onConnection
  }

  close(): void {
    this.#closed = true
  }

  receive(socket: Socket): void {
    // Before `open` and after `close` the parent sends none.
    if (this.#closed || this.#onConnection === undefined) socket.destroy()
    else this.#onConnection(socket)
  }
}
