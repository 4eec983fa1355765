import type { ByteStream } from '../../core/byte-stream.ts'
import { endsWithin } from '../../core/ends-within.ts'
import { TaipanError } from '../../core/errors.ts'
import type { Watched } from './deadline-sweep.ts'

/** A connection of any protocol, as its front sees it. */
export interface FrontConnection extends Watched {
  /** Starts the closing handshake of a WebSocket, because the server is stopping. */
  closeWebSocket?(): void
  /** Closes an idle connection now, any other one after its running exchanges. */
  shutdown(): void
  /** Aborts the connection in any state. */
  destroy(reason: Error): void
}

/** The open connections of a front. */
export class OpenConnections implements Iterable<FrontConnection> {
  readonly #connections = new Set<FrontConnection>()
  readonly #whenEmpty: (() => void)[] = []

  get size(): number {
    return this.#connections.size
  }

  [Symbol.iterator](): Iterator<FrontConnection> {
    return this.#connections.values()
  }

  add(connection: FrontConnection, stream: ByteStream): void {
    this.#connections.add(connection)
    stream.onClose(() => this.#forget(connection))
  }

  /** Another protocol continues on the stream of a connection. */
  replace(connection: FrontConnection, successor: FrontConnection, stream: ByteStream): void {
    this.#connections.delete(connection)
    this.add(successor, stream)
  }

  /**
   * Closes idle connections, at once or after `idleGrace` ms, and others after their exchanges. Aborts what is left after
   * `limit` ms (0: no limit). Resolves when all are closed.
   */
  async shutdown({ idleGrace, limit }: { idleGrace: number; limit: number }): Promise<void> {
    const reason = new TaipanError('STOPPING', 'the server stopped before the exchange was over')
    const deadline = limit === 0 ? undefined : setTimeout(() => this.destroy(reason), limit)
    for (const connection of this.#connections) connection.closeWebSocket?.()
    if (idleGrace > 0) await endsWithin(this.#waitUntilEmpty(), idleGrace)
    for (const connection of this.#connections) connection.shutdown()
    await this.#waitUntilEmpty()
    clearTimeout(deadline)
  }

  /** Aborts all connections. */
  destroy(reason: Error): void {
    for (const connection of this.#connections) connection.destroy(reason)
  }

  #waitUntilEmpty(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#whenEmpty.push(resolve)
    })
  }

  #forget(connection: FrontConnection): void {
    this.#connections.delete(connection)
    if (this.#connections.size > 0) return
    for (const resolve of this.#whenEmpty.splice(0)) resolve()
  }
}
