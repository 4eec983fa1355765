import { isDeepStrictEqual } from 'node:util'
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

/** Other addresses, which are open. Replicas that are started from now on get them. */
export interface NextSockets {
  /** The addresses before are given up. */
  keep(): void
  /** The addresses before are the addresses again. */
  revert(): void
}

/** An address, and its socket. */
interface Shared {
  readonly address: BoundAddress
  readonly socket: KeptSocket
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
  readonly #createFront: SharedSocketsOptions['createFront']
  #shared: readonly Shared[] = []
  /** Keeps the process alive, which a descriptor does not. */
  readonly #presence = setInterval(() => {}, LONGEST_MS)
  #refusing: Promise<Front | undefined> | undefined
  #closed = false

  private constructor(
    ffi: SystemFfi,
    counts: ConnectionCounts,
    { createFront, logger }: SharedSocketsOptions,
  ) {
    this.#ffi = ffi
    this.#logger = logger
    this.#createFront = createFront
    this.counts = counts
  }

  /** Binds all addresses. Rejects with `ADDRESS_IN_USE`, `ADDRESS_UNUSABLE` or `NATIVE_CALLS`. */
  static async open(options: SharedSocketsOptions): Promise<SharedSockets> {
    const ffi = await loadSystemFfi()
    const sockets = new SharedSockets(ffi, new ConnectionCounts(ffi), options)
    try {
      await sockets.change(options.addresses)
    } catch (error) {
      sockets.close()
      throw error
    }
    return sockets
  }

  get urls(): readonly string[] {
    return this.#shared.map(({ socket }) => socket.url)
  }

  /** Descriptors of the listening sockets, in the order of `urls`. */
  get descriptors(): readonly number[] {
    return this.#shared.map(({ socket }) => socket.descriptor)
  }

  /** Opens addresses in place of others; those that stay keep their sockets. Rejects as `open` does, and changes nothing then. */
  async change(addresses: readonly BoundAddress[]): Promise<NextSockets> {
    const before = this.#shared
    const left = [...before]
    const opened: KeptSocket[] = []
    const next: Shared[] = []
    try {
      for (const address of addresses) {
        const known = left.findIndex((one) => isSamePlace(one.address, address))
        const [kept] = known === -1 ? [] : left.splice(known, 1)
        const socket =
          kept?.socket ?? (await keepSocket(address, (one) => this.#ffi.duplicate(one)))
        if (kept === undefined) opened.push(socket)
        next.push({ address, socket })
      }
    } catch (error) {
      for (const socket of opened) socket.close()
      throw error
    }
    this.#shared = next
    return {
      keep: () => {
        for (const { socket } of left) socket.close()
      },
      revert: () => {
        this.#shared = before
        for (const socket of opened) socket.close()
        if (this.#closed) for (const { socket } of before) socket.close()
      },
    }
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
    for (const { socket } of this.#shared) socket.close()
    this.counts.close()
  }

  /** Undefined if that cannot be. */
  async #openRefusing(): Promise<Front | undefined> {
    const addresses = this.#shared.map(({ address, socket }) => ({
      ...address,
      kind: 'fd' as const,
      fd: this.#ffi.duplicate(socket.descriptor),
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

/** Whether two addresses are one socket, whatever is spoken there. */
function isSamePlace(one: BoundAddress, other: BoundAddress): boolean {
  return isDeepStrictEqual(locate(one), locate(other))
}

function locate({
  protocol: _protocol,
  secure: _secure,
  proxyProtocol: _proxy,
  ...place
}: BoundAddress) {
  return place
}
