import { loadSystemFfi, type SystemFfi } from '../native/system-ffi.ts'
import type { Logger } from '../core/logger.ts'
import type { Front } from '../core/front.ts'
import type { BoundAddress } from '../streams/listening/addresses.ts'
import { keepSocket, type KeptSocket } from '../streams/listening/kept-socket.ts'
import { ConnectionCounts } from './connection-counts.ts'

const LONGEST_MS = 2 ** 31 - 1
/** Until clients that were refused are disconnected. */
const LAST_REQUEST_MS = 100

/** Addresses to open, and settings for refusals. */
export interface SharedSocketsOptions {
  readonly addresses: readonly BoundAddress[]
  /** Makes a front that answers everybody with 503. */
  readonly createFront: (addresses: readonly BoundAddress[]) => Promise<Front>
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
  readonly #createFront: SharedSocketsOptions['createFront']
  readonly #sockets: KeptSocket[] = []
  /** Keeps the process alive, which a descriptor does not. */
  readonly #presence = setInterval(() => {}, LONGEST_MS)
  #refusing: Promise<Front | undefined> | undefined
  #closed = false

  private constructor(
    ffi: SystemFfi,
    counts: ConnectionCounts,
    { addresses, createFront, logger }: SharedSocketsOptions,
  ) {
    this.#ffi = ffi
    this.#logger = logger
    this.#addresses = addresses
    this.#createFront = createFront
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
    void refusing?.then((front) => front?.stop(LAST_REQUEST_MS))
  }

  /** Closes the sockets; the addresses are free when the replicas have closed them, too. May be called twice. */
  close(): void {
    this.#closed = true
    clearInterval(this.#presence)
    this.leaveToReplicas()
    for (const socket of this.#sockets) socket.close()
    this.counts.close()
  }

  /** Undefined if that cannot be. */
  async #openRefusing(): Promise<Front | undefined> {
    const addresses = this.descriptors.map((descriptor, index) => ({
      ...this.#addresses[index],
      kind: 'fd' as const,
      fd: this.#ffi.duplicate(descriptor),
    }))
    try {
      const front = await this.#createFront(addresses)
      await front.start()
      return front
    } catch (error) {
      this.#warn(error)
      return undefined
    }
  }

  #warn(error: unknown): void {
    this.#logger.warn(
      { error },
      'cannot answer clients with 503 while no replica accepts connections',
    )
  }
}
