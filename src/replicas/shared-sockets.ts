import { loadSystemFfi, type SystemFfi } from '../native/system-ffi.ts'
import type { Logger } from '../core/logger.ts'
import type { BoundAddress, Listener } from '../streams/listening/addresses.ts'
import { RefusedConnections } from '../fronts/listening/refused-connections.ts'
import { keepSocket, type KeptSocket } from '../streams/listening/kept-socket.ts'
import { listen } from '../streams/listening/listener.ts'
import { loadProtocol } from '../fronts/load-protocol.ts'
import { ConnectionCounts } from './connection-counts.ts'

const LONGEST_MS = 2 ** 31 - 1

/** Addresses to open, and settings for refusals. */
export interface SharedSocketsOptions {
  readonly addresses: readonly BoundAddress[]
  /** Value of the Server field of refusals. */
  readonly serverSoftware: string
  readonly logger: Logger
}

/**
 * The listening sockets of all replicas. This process binds and keeps them, so that clients wait in the backlog whatever
 * happens to replicas. It accepts connections only to refuse them.
 */
export class SharedSockets {
  /** Occupancy of the replicas. */
  readonly counts: ConnectionCounts
  readonly #ffi: SystemFfi
  readonly #logger: Logger
  readonly #addresses: readonly BoundAddress[]
  readonly #serverSoftware: string
  readonly #sockets: KeptSocket[] = []
  readonly #refused = new RefusedConnections()
  /** Keeps the process alive, which a descriptor does not. */
  readonly #presence = setInterval(() => {}, LONGEST_MS)
  #refusing: Promise<readonly Listener[]> | undefined
  #closed = false

  private constructor(
    ffi: SystemFfi,
    counts: ConnectionCounts,
    { addresses, serverSoftware, logger }: SharedSocketsOptions,
  ) {
    this.#ffi = ffi
    this.#logger = logger
    this.#addresses = addresses
    this.#serverSoftware = serverSoftware
    this.counts = counts
  }

  /** Binds all addresses. Rejects with `ADDRESS_IN_USE`, `ADDRESS_UNUSABLE` or `NATIVE_CALLS`. */
  static async open(options: SharedSocketsOptions): Promise<SharedSockets> {
    const ffi = await loadSystemFfi()
    const sockets = new SharedSockets(ffi, new ConnectionCounts(ffi), options)
    try {
      for (const address of options.addresses)
        sockets.#sockets.push(await keepSocket(address, (one) => ffi.duplicate(one)))
    } catch (error) {
      sockets.close()
      throw error
    }
    return sockets
  }

  get urls(): readonly string[] {
    return this.#sockets.map(({ url }) => url)
  }

  /** Descriptors of the listening sockets, in the order of `urls`. */
  get descriptors(): readonly number[] {
    return this.#sockets.map(({ descriptor }) => descriptor)
  }

  /** Accepts connections and refuses them, until `leaveToReplicas`. */
  refuse(): void {
    if (!this.#closed) this.#refusing ??= this.#openRefusing()
  }

  /** A replica accepts again. */
  leaveToReplicas(): void {
    const refusing = this.#refusing
    this.#refusing = undefined
    void refusing?.then((listeners) => closeAll(listeners))
  }

  /** Closes the sockets; the addresses are free when the replicas have closed them, too. May be called twice. */
  close(): void {
    this.#closed = true
    clearInterval(this.#presence)
    this.leaveToReplicas()
    this.#refused.close()
    for (const socket of this.#sockets) socket.close()
    this.counts.close()
  }

  async #openRefusing(): Promise<readonly Listener[]> {
    const listeners: Listener[] = []
    try {
      for (const [index, descriptor] of this.descriptors.entries()) {
        const { protocol: name, backlog, secure = false } = this.#addresses[index] ?? {}
        const protocol = await loadProtocol(name)
        const refusal = protocol.formatUnavailable('Service Unavailable\n', this.#serverSoftware)
        const address = { kind: 'fd', fd: this.#ffi.duplicate(descriptor), backlog } as const
        const listener = await listen(address, (stream) => {
          // Plain words are none within TLS.
          if (secure) stream.destroy()
          else this.#refused.refuse(stream, refusal)
        })
        listener.onError((error) => this.#warn(error))
        listeners.push(listener)
      }
    } catch (error) {
      this.#warn(error)
    }
    return listeners
  }

  #warn(error: unknown): void {
    this.#logger.warn(
      { error },
      'cannot answer clients with 503 while no replica accepts connections',
    )
  }
}

function closeAll(listeners: readonly Listener[]): void {
  for (const listener of listeners) void listener.close()
}
