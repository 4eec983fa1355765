import type { ByteStream } from '../../core/byte-stream.ts'
import type { TaipanError } from '../../core/errors.ts'
import { formatCount } from '../../core/format-count.ts'
import type { Logger } from '../../core/logger.ts'
import type { Registration } from '../../wire/lrwp/registration.ts'
import type { DeliveryOptions, PeerRequest } from './delivery.ts'
import { keyOf, showName } from './names.ts'
import { PeerIndex } from './peer-index.ts'
import { PeerPool, type PoolOptions } from './peer-pool.ts'
import { Peer } from './peer.ts'

/** What a registry needs. */
export interface RegistryOptions {
  readonly pool: PoolOptions
  readonly delivery: DeliveryOptions
  readonly logger: Logger
  /** A peer is done with a request. */
  readonly onAnswered: (request: PeerRequest, problem: TaipanError | undefined) => void
  /** The last peer has gone. */
  readonly onEmpty: () => void
}

/** A peer where it belongs. */
interface PlacedPeer {
  readonly peer: Peer
  readonly key: string
  readonly pool: PeerPool
}

/** All peers that are registered, in pools of those that have the same name and host. */
export class PeerRegistry {
  readonly index = new PeerIndex()
  readonly #options: RegistryOptions
  readonly #pools = new Map<string, PeerPool>()
  readonly #peers = new Set<Peer>()

  constructor(options: RegistryOptions) {
    this.#options = options
  }

  get peers(): ReadonlySet<Peer> {
    return this.#peers
  }

  get pools(): readonly PeerPool[] {
    return [...this.#pools.values()]
  }

  /** The peers that are known by `key`. */
  find(key: string): PeerPool | undefined {
    return this.#pools.get(key)
  }

  /** Takes a connection that has registered. */
  admit(stream: ByteStream, registration: Registration): void {
    const { delivery, onAnswered } = this.#options
    const key = keyOf(registration)
    const pool = this.#pools.get(key) ?? this.#createPool(key)
    const peer = new Peer(stream, {
      ...delivery,
      registration,
      listener: {
        onIdle: () => pool.schedule(),
        onAnswered: (request, problem) => {
          if (problem !== undefined) this.#tellFailed(key, request, problem)
          onAnswered(request, problem)
        },
        onGone: (reason) => this.#remove({ peer, key, pool }, reason),
      },
    })
    pool.add(peer)
    this.#peers.add(peer)
    this.#tellNew({ peer, key, pool })
  }

  #createPool(key: string): PeerPool {
    const pool = new PeerPool(this.#options.pool)
    this.#pools.set(key, pool)
    this.index.add(key)
    return pool
  }

  #remove(placed: PlacedPeer, reason: string): void {
    const { peer, key, pool } = placed
    this.#peers.delete(peer)
    pool.delete(peer)
    if (pool.size === 0) {
      this.#pools.delete(key)
      this.index.delete(key)
    }
    this.#tellGone(placed, reason)
    if (this.#peers.size === 0) this.#options.onEmpty()
  }

  #tellNew({ peer, key, pool }: PlacedPeer): void {
    const application = showName(key)
    const facts = { application, peer: peer.name, peers: pool.size }
    const count = formatCount(pool.size, 'peer')
    this.#options.logger.info(facts, `lrwp: ${application} has a new peer ${peer.name} (${count})`)
  }

  #tellGone({ peer, key, pool }: PlacedPeer, reason: string): void {
    const { requests, failures, seconds } = peer.figures
    const peers = pool.size
    const application = showName(key)
    const facts = { application, peer: peer.name, requests, failures, seconds, peers, reason }
    const figures = [
      formatCount(requests, 'request'),
      formatCount(failures, 'failure'),
      formatCount(seconds, 'second'),
    ].join(', ')
    const left = `${formatCount(peers, 'peer')} left`
    const text = `lrwp: ${application} has lost its peer ${peer.name} after ${figures} (${left}): ${reason}`
    this.#options.logger.info(facts, text)
  }

  #tellFailed(key: string, { exchange }: PeerRequest, { message: reason }: TaipanError): void {
    const application = showName(key)
    const facts = { request: exchange.id, application, reason }
    this.#options.logger.error(facts, `lrwp: ${application}: ${reason}`)
  }
}
