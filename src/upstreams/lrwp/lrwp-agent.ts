import { answerError, RETRY_SOON } from '../../core/answer-error.ts'
import { TaipanError, type ErrorCode } from '../../core/errors.ts'
import type { Exchange, RequestBody } from '../../core/exchange.ts'
import type { FoundPeers, PeerDirectory } from '../../core/peer-directory.ts'
import { toLimit } from '../../core/time-limit.ts'
import type { Invocation, Upstream, UpstreamStatistics } from '../../core/upstream.ts'
import { endsWithin } from '../../core/ends-within.ts'
import { HIGH_WATER } from '../../streams/net/outbox.ts'
import { PART_LIMIT } from '../../wire/lrwp/lengths.ts'
import { formatRequestHead } from '../../wire/lrwp/request.ts'
import type { DeliveryOptions, PeerRequest } from './delivery.ts'
import { PeerDoor, type DoorOptions } from './peer-door.ts'
import type { PoolOptions } from './peer-pool.ts'
import { PeerRegistry } from './peer-registry.ts'
import { receiveBody, type ReceivedBody } from './receive-body.ts'
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
  readonly serverSoftware: string
}

/** A request whose body has arrived. */
interface WholeRequest {
  readonly exchange: Exchange
  readonly invocation: Invocation
  readonly received: ReceivedBody
}

/** Gives requests to programs that have connected to it and registered (LRWP). */
export class LrwpAgent implements Upstream, PeerDirectory {
  readonly failure: TaipanError | undefined = undefined
  readonly #options: LrwpOptions
  readonly #registry: PeerRegistry
  readonly #door: PeerDoor
  #stopping = false
  #finished = 0
  #failed = 0
  #onEmpty: (() => void) | undefined

  constructor(options: LrwpOptions) {
    this.#options = options
    const { balance, queue, timeouts, responseLimit, onLocalRedirect, logger } = options
    this.#registry = new PeerRegistry({
      pool: { balance, queue, onRefused: (request, code) => this.#refuseRequest(request, code) },
      delivery: { timeout: timeouts.request, responseLimit, onLocalRedirect },
      logger,
      onAnswered: (request, problem) => {
        request.release()
        this.#finished += 1
        if (problem !== undefined) this.#failed += 1
      },
      onEmpty: () => this.#onEmpty?.(),
    })
    this.#door = new PeerDoor(options, (stream, registration) =>
      this.#registry.admit(stream, registration),
    )
  }

  /** Where peers register, once it listens. */
  get addresses(): readonly string[] {
    return this.#door.addresses
  }

  get capacity(): { readonly idle: number; readonly total: number } {
    const peers = [...this.#registry.peers]
    return { idle: peers.filter(({ idle }) => idle).length, total: peers.length }
  }

  get statistics(): UpstreamStatistics {
    const { peers, pools } = this.#registry
    return {
      running: [...peers].filter(({ busy }) => busy).length,
      waiting: pools.reduce((sum, { waiting }) => sum + waiting, 0),
      finished: this.#finished,
      failed: this.#failed,
    }
  }

  findByPath(host: string, path: string): FoundPeers | undefined {
    return this.#registry.index.findByPath(host, path)
  }

  findByName(host: string, name: string): string | undefined {
    return this.#registry.index.findByName(host, name)
  }

  /** None: it receives whole bodies by itself. */
  gatheredBytes(): number {
    return 0
  }

  async start(): Promise<void> {
    this.#stopping = false
    await this.#door.open()
    this.#options.logger.info({}, `lrwp: peers register at ${this.addresses.join(' and ')}`)
  }

  run(exchange: Exchange, invocation: Invocation): void {
    const { complete, length = 0 } = exchange.body
    if (length > PART_LIMIT) answerError(exchange, 'BODY_TOO_LARGE')
    else if (complete || !this.#isServed(invocation))
      this.#handOver({ exchange, invocation, received: { body: exchange.body, release: () => {} } })
    else void this.#receive(exchange, invocation)
  }

  async stop(waited = 0): Promise<void> {
    this.#stopping = true
    this.#door.close()
    const { peers, pools } = this.#registry
    for (const pool of pools) pool.refuseAll('STOPPING')
    for (const peer of peers) peer.retire()
    if (peers.size > 0) await this.#waitForPeers(waited)
  }

  /** Resolves when all peers have finished what they have, or when their time is up. */
  async #waitForPeers(waited: number): Promise<void> {
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
    const patience = Math.max(0, toLimit(this.#options.timeouts.shutdown) - waited)
    if (!(await endsWithin(empty, patience))) {
      const problem = new TaipanError('STOPPING', 'the server is stopping')
      for (const peer of this.#registry.peers) peer.close(problem)
    }
    await empty
  }

  #isServed({ application }: Invocation): boolean {
    return !this.#stopping && this.#registry.find(application) !== undefined
  }

  /** A client that sends slowly, or leaves before it has sent all, costs no peer anything. */
  async #receive(exchange: Exchange, invocation: Invocation): Promise<void> {
    try {
      this.#handOver({ exchange, invocation, received: await receiveBody(exchange.body) })
    } catch (error) {
      answerError(exchange, error instanceof TaipanError ? error.code : 'INTERNAL')
    }
  }

  #handOver({ exchange, invocation, received }: WholeRequest): void {
    const pool = this.#registry.find(invocation.application)
    if (this.#stopping || pool === undefined) {
      received.release()
      this.#refuse(exchange, this.#stopping ? 'STOPPING' : 'UPSTREAM_UNREACHABLE')
      return
    }
    const settings = { serverSoftware: this.#options.serverSoftware, params: {} }
    try {
      const variables = listPeerVariables({ exchange, invocation }, settings)
      const head = formatRequestHead(variables, received.body.length ?? 0)
      pool.run({ exchange, opening: [head, ...takeFirst(received.body)], ...received })
    } catch (error) {
      received.release()
      answerError(exchange, error instanceof TaipanError ? error.code : 'INTERNAL')
    }
  }

  #refuseRequest(request: PeerRequest, code: ErrorCode): void {
    request.release()
    this.#refuse(request.exchange, code)
  }

  #refuse(exchange: Exchange, code: ErrorCode): void {
    this.#failed += 1
    answerError(exchange, code, RETRY_SOON)
  }
}

/** The pieces of a body that are there, up to what a connection takes at once. */
function takeFirst(body: RequestBody): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let room = HIGH_WATER; room > 0;) {
    const piece = body.take(room)
    if (piece === undefined) break
    pieces.push(piece)
    room -= piece.length
  }
  return pieces
}
