import { answerError } from '../../core/answer-error.ts'
import type { ByteStream } from '../../core/byte-stream.ts'
import { TaipanError, type ErrorCode } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { formatCount } from '../../core/format-count.ts'
import type { FoundPeers, PeerDirectory } from '../../core/peer-directory.ts'
import { createTextHead } from '../../core/response-head.ts'
import type { Invocation, Upstream, UpstreamStatistics } from '../../core/upstream.ts'
import type { Registration } from '../../wire/lrwp/registration.ts'
import { formatRequestHead } from '../../wire/lrwp/request.ts'
import type { DeliveryOptions, PeerRequest } from './delivery.ts'
import { keyOf } from './names.ts'
import { PeerDoor, type DoorOptions } from './peer-door.ts'
import { PeerIndex } from './peer-index.ts'
import { PeerPool, type PoolOptions } from './peer-pool.ts'
import { Peer } from './peer.ts'
import { listPeerVariables } from './variables.ts'

/** Options of an agent. Durations in ms. */
export interface LrwpOptions
  extends DoorOptions, Omit<PoolOptions, 'onRefused'>, Omit<DeliveryOptions, 'timeout'> {
  readonly timeouts: DoorOptions['timeouts'] & {
    /** Until a request is answered; 0: no limit. */
    readonly request: number
    /** For requests at a stop; 0: no limit. */
    readonly shutdown: number
  }
  /** Largest body of unknown length (chunked) that is gathered, because peers must be told the length. */
  readonly gathered: number
  readonly serverSoftware: string
}

const RETRY = { fields: ['Retry-After', '1'] }

/** Gives requests to programs that have connected to it and registered (LRWP). */
export class LrwpAgent implements Upstream, PeerDirectory {
  readonly failure: TaipanError | undefined = undefined
  readonly #options: LrwpOptions
  readonly #door: PeerDoor
  readonly #index = new PeerIndex()
  readonly #pools = new Map<string, PeerPool>()
  readonly #peers = new Set<Peer>()
  #stopping = false
  #finished = 0
  #failed = 0
  #onEmpty: (() => void) | undefined

  constructor(options: LrwpOptions) {
    this.#options = options
    this.#door = new PeerDoor(options, (stream, registration) => this.#admit(stream, registration))
  }

  /** Where peers register, once it listens. */
  get addresses(): readonly string[] {
    return this.#door.addresses
  }

  get capacity(): { readonly idle: number; readonly total: number } {
    const idle = [...this.#peers].filter((peer) => peer.idle).length
    return { idle, total: this.#peers.size }
  }

  get statistics(): UpstreamStatistics {
    return {
      running: [...this.#peers].filter((peer) => peer.busy).length,
      waiting: [...this.#pools.values()].reduce((sum, { waiting }) => sum + waiting, 0),
      finished: this.#finished,
      failed: this.#failed,
    }
  }

  findByPath(host: string, path: string): FoundPeers | undefined {
    return this.#index.findByPath(host, path)
  }

  findByName(host: string, name: string): string | undefined {
    return this.#index.findByName(host, name)
  }

  gatheredBytes(): number {
    return this.#options.gathered
  }

  async start(): Promise<void> {
    this.#stopping = false
    await this.#door.open()
    const where = this.addresses.join(' and ')
    this.#options.logger.info({}, `lrwp: peers register at ${where}`)
  }

  run(exchange: Exchange, invocation: Invocation): void {
    const pool = this.#pools.get(invocation.application)
    if (this.#stopping) this.#refuse(exchange, 'STOPPING')
    else if (pool === undefined) this.#refuse(exchange, 'UPSTREAM_UNREACHABLE')
    else {
      const request = this.#prepare(exchange, invocation)
      if (request !== undefined) pool.run(request)
    }
  }

  async stop(waited = 0): Promise<void> {
    this.#stopping = true
    this.#door.close()
    for (const pool of this.#pools.values()) pool.refuseAll('STOPPING')
    for (const peer of this.#peers) peer.retire()
    if (this.#peers.size === 0) return
    const { shutdown } = this.#options.timeouts
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
    const problem = new TaipanError('STOPPING', 'the server is stopping')
    const closeAll = (): void => {
      for (const peer of this.#peers) peer.close(problem)
    }
    const timer = shutdown === 0 ? undefined : setTimeout(closeAll, Math.max(0, shutdown - waited))
    await empty
    clearTimeout(timer)
  }

  /** The request in the form of the protocol; undefined if it was answered, because it has none. */
  #prepare(exchange: Exchange, invocation: Invocation): PeerRequest | undefined {
    const { length } = exchange.body
    if (length === undefined) {
      const text = 'Length Required\n'
      exchange.response.send(createTextHead(411, text.length), text)
      return undefined
    }
    try {
      const { serverSoftware } = this.#options
      const variables = listPeerVariables(exchange, invocation, serverSoftware)
      return { exchange, head: formatRequestHead(variables, length) }
    } catch (error) {
      answerError(exchange, error instanceof TaipanError ? error.code : 'INTERNAL')
      return undefined
    }
  }

  #refuse(exchange: Exchange, code: ErrorCode): void {
    this.#failed += 1
    answerError(exchange, code, RETRY)
  }

  #admit(stream: ByteStream, registration: Registration): void {
    const key = keyOf(registration)
    const pool = this.#pools.get(key) ?? this.#createPool(key)
    const peer = new Peer(stream, {
      ...this.#options,
      timeout: this.#options.timeouts.request,
      registration,
      listener: {
        onIdle: () => pool.schedule(),
        onAnswered: (request, problem) => this.#count(key, request, problem),
        onGone: (reason) => this.#remove(peer, { key, pool, reason }),
      },
    })
    pool.add(peer)
    this.#peers.add(peer)
    const facts = { application: key, peer: peer.address, peers: pool.size }
    const count = formatCount(pool.size, 'peer')
    this.#options.logger.info(facts, `lrwp: ${key} has a new peer, ${peer.address} (${count})`)
  }

  #createPool(key: string): PeerPool {
    const pool = new PeerPool({
      ...this.#options,
      onRefused: ({ exchange }, code) => this.#refuse(exchange, code),
    })
    this.#pools.set(key, pool)
    this.#index.add(key)
    return pool
  }

  #count(key: string, { exchange }: PeerRequest, problem: TaipanError | undefined): void {
    this.#finished += 1
    if (problem === undefined) return
    this.#failed += 1
    const facts = { request: exchange.id, application: key, reason: problem.message }
    this.#options.logger.error(facts, `lrwp: ${key}: ${problem.message}`)
  }

  #remove(
    peer: Peer,
    {
      key,
      pool,
      reason,
    }: { readonly key: string; readonly pool: PeerPool; readonly reason: string },
  ): void {
    this.#peers.delete(peer)
    pool.delete(peer)
    if (pool.size === 0) {
      this.#pools.delete(key)
      this.#index.delete(key)
    }
    const { requests, failures, since } = peer.figures
    const facts = { application: key, peer: peer.address, requests, failures, since, reason }
    const done = `after ${formatCount(requests, 'request')}, ${failures} of them failed`
    this.#options.logger.info(
      facts,
      `lrwp: ${key} has lost its peer ${peer.address} ${done}: ${reason}`,
    )
    if (this.#peers.size === 0) this.#onEmpty?.()
  }
}
