import type { ByteStream } from '../../core/byte-stream.ts'
import type { FrontProtocol } from './front-protocol.ts'
import type { FrontConnection, OpenConnections } from './open-connections.ts'
import type { Prelude } from './prelude.ts'

/** Time for the first request of a connection whose preludes ended when the server was stopping already. */
const LAST_MS = 1000

/** Parts of a chain. */
export interface PreludeChainOptions {
  /** In their order; at least one. */
  readonly preludes: readonly Prelude[]
  readonly protocol: FrontProtocol
  readonly connections: OpenConnections
}

/** Leads the connections of an address through its preludes to its protocol. */
export class PreludeChain {
  /** Clients without a place are told so in the words of the protocol. */
  readonly refusesInPlain: boolean
  readonly #preludes: readonly Prelude[]
  readonly #protocol: FrontProtocol
  readonly #connections: OpenConnections

  constructor({ preludes, protocol, connections }: PreludeChainOptions) {
    this.refusesInPlain = preludes.every((prelude) => prelude.refusesInPlain)
    this.#preludes = preludes
    this.#protocol = protocol
    this.#connections = connections
  }

  /** Returns the first of the connection objects, each of which takes the place of the one before. */
  begin(stream: ByteStream): FrontConnection {
    return this.#begin(stream, 0)
  }

  #begin(stream: ByteStream, index: number): FrontConnection {
    const prelude = this.#preludes[index]
    if (prelude === undefined) return this.#protocol.connect(stream)
    const connection = prelude.begin(stream, (next) => this.#proceed(connection, next, index + 1))
    return connection
  }

  #proceed(done: FrontConnection, stream: ByteStream, index: number): void {
    if (stream.closed) return
    const successor = this.#begin(stream, index)
    this.#connections.replace(done, successor, stream)
    if (!this.#protocol.stopping) return
    setTimeout(() => {
      if (!stream.closed) successor.shutdown()
    }, LAST_MS).unref()
  }
}
