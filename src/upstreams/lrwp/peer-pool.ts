import type { ErrorCode } from '../../core/errors.ts'
import { toLimit } from '../../core/time-limit.ts'
import type { PeerRequest } from './delivery.ts'
import { SETTLE_MS, type Peer } from './peer.ts'

/** How requests are given to the peers of a name. */
export interface PoolOptions {
  /** Which idle peer gets the next request: the one that had none for the longest time, or the first that registered. */
  readonly balance: 'round-robin' | 'first-idle'
  readonly queue: {
    readonly limit: number
    /** Milliseconds; 0: no limit. */
    readonly timeout: number
  }
  /** Answers a request that no peer gets. */
  readonly onRefused: (request: PeerRequest, code: ErrorCode) => void
}

/** The peers of one name and host, and the requests that wait for them. */
export class PeerPool {
  readonly #options: PoolOptions
  readonly #patience: number
  /** In the order in which they are asked. */
  readonly #peers = new Set<Peer>()
  /** With the time at which they give up; the oldest first. */
  readonly #waiting = new Map<PeerRequest, number>()
  #isScheduled = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: PoolOptions) {
    this.#options = options
    // The only peer may have to settle first.
    this.#patience = toLimit(
      options.queue.timeout && Math.max(options.queue.timeout, 2 * SETTLE_MS),
    )
  }

  get size(): number {
    return this.#peers.size
  }

  get waiting(): number {
    return this.#waiting.size
  }

  add(peer: Peer): void {
    this.#peers.add(peer)
  }

  /** Without a peer nobody waits. */
  delete(peer: Peer): void {
    this.#peers.delete(peer)
    if (this.#peers.size === 0) this.refuseAll('UPSTREAM_UNREACHABLE')
  }

  /** Gives a request to an idle peer, or lets it wait for one. */
  run(request: PeerRequest): void {
    if (this.#isFull()) {
      this.#options.onRefused(request, 'OVERLOADED')
      return
    }
    this.#waiting.set(request, performance.now() + this.#patience)
    request.exchange.onFinish(() => {
      if (this.#waiting.delete(request)) request.release()
    })
    this.schedule()
  }

  /** Refuses all that wait. */
  refuseAll(code: ErrorCode): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const all = [...this.#waiting.keys()]
    this.#waiting.clear()
    for (const request of all) this.#options.onRefused(request, code)
  }

  /**
   * Gives out requests once everything that has arrived by now is read: a peer whose end is among it gets none any more, and
   * what would have been for it goes to another one.
   */
  schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    // The end behind the last bytes of a peer is read in the turn of the loop after theirs.
    setImmediate(() =>
      setImmediate(() => {
        this.#isScheduled = false
        this.#giveOut()
      }),
    )
  }

  #isFull(): boolean {
    const { limit } = this.#options.queue
    const { size } = this.#waiting
    if (size < limit) return false
    const idle = [...this.#peers].filter((peer) => peer.idle).length
    return size - idle >= limit
  }

  #giveOut(): void {
    for (const request of this.#waiting.keys()) {
      const peer = this.#begin(request)
      if (peer === undefined) break
      this.#waiting.delete(request)
      peer.run(request)
    }
    this.#watch()
  }

  /** The peer that has the opening of the request; those that have left get nothing. */
  #begin(request: PeerRequest): Peer | undefined {
    for (;;) {
      const peer = this.#choose()
      if (peer === undefined || peer.begin(request)) return peer
    }
  }

  #choose(): Peer | undefined {
    for (const peer of this.#peers) {
      if (!peer.idle) continue
      if (this.#options.balance === 'round-robin') {
        this.#peers.delete(peer)
        this.#peers.add(peer)
      }
      return peer
    }
    return undefined
  }

  #watch(): void {
    const [first] = this.#waiting.values()
    if (first === undefined || first === Infinity || this.#timer !== undefined) return
    this.#timer = setTimeout(() => this.#expire(), Math.max(1, first - performance.now()))
  }

  #expire(): void {
    this.#timer = undefined
    // A loop that was busy for long lets both be due: time, and a peer.
    if (this.#isScheduled) return
    const now = performance.now()
    for (const [request, end] of this.#waiting) {
      if (end > now) break
      this.#waiting.delete(request)
      this.#options.onRefused(request, 'QUEUE_TIMEOUT')
    }
    this.#watch()
  }
}
