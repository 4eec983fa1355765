import { connectNet, type Connecting } from '../../../streams/net/net-connector.ts'
import { bindAnswer, type AnswerOptions } from '../../connections/bind-answer.ts'
import { ConnectionAttempt } from '../../connections/connection-attempt.ts'
import type {
  AddressClient,
  Attempt,
  AttemptListener,
  GatewayRequest,
} from '../../gateway/address-client.ts'
import { FastCgiPairs, type FastCgiSettings } from '../fastcgi-pairs.ts'
import { createRequestProtocol } from '../fastcgi-protocol.ts'
import type { Lane } from './lane.ts'
import { LaneAttempt } from './lane-attempt.ts'
import { askForMultiplexing } from './multiplex-question.ts'
import { SharedConnection } from './shared-connection.ts'

/** Options of a client. */
export interface MultiplexClientOptions extends AnswerOptions {
  /** Connections at the same time. */
  readonly connections: number
  readonly settings: FastCgiSettings
  /** Sends requests one at a time on a connection, for applications that do not take more. */
  readonly single: AddressClient
}

/** Requests on one connection; more would wait for each other's bytes. */
const LANES = 64
/** A connection that is still open so long after its first answer is kept open. */
const TRIAL_MS = 20
/** An application that was replaced may answer otherwise. */
const ASK_AGAIN_MS = 60_000

/** Sends several requests at a time on each connection, if the application says that it takes them. */
export class MultiplexClient implements AddressClient {
  readonly #options: MultiplexClientOptions
  readonly #pairs: FastCgiPairs
  readonly #connections = new Set<SharedConnection>()
  readonly #protocols = new Map<number, LaneProtocol>()
  #waiting: LaneAttempt[] = []
  #connecting: Connecting | undefined
  /** Most requests at a time; 0: the application takes one on a connection, or has not said. */
  #most = 0
  #askedAt = -Infinity
  /** Some applications say that they take several requests, and close the connection after the first answer. */
  #trial: 'open' | 'running' | 'passed' = 'open'

  constructor(options: MultiplexClientOptions) {
    this.#options = options
    this.#pairs = new FastCgiPairs(options.settings)
  }

  get slots(): number {
    const { single, connections } = this.#options
    return this.#most === 0 ? single.slots : Math.min(this.#most, connections * LANES)
  }

  send(request: GatewayRequest, listener: AttemptListener): Attempt {
    if (this.#most === 0) this.#ask()
    if (this.#most === 0 || this.#trial === 'running')
      return this.#options.single.send(request, listener)
    if (this.#trial === 'open') this.#trial = 'running'
    const attempt = new LaneAttempt(request, listener)
    this.#waiting.push(attempt)
    // What ends at once must not end within this call.
    setImmediate(() => this.#serve())
    return attempt
  }

  close(): void {
    this.#connecting?.cancel()
    this.#connecting = undefined
    this.#options.single.close()
    for (const connection of this.#connections) connection.close()
  }

  #ask(): void {
    const now = performance.now()
    if (now - this.#askedAt < ASK_AGAIN_MS) return
    this.#askedAt = now
    void this.#note(askForMultiplexing(this.#options.address.place))
  }

  async #note(answer: Promise<number>): Promise<void> {
    this.#most = await answer
  }

  /** Gives waiting requests to connections that have room. */
  #serve(): void {
    this.#waiting = this.#waiting.filter(({ over }) => !over)
    if (this.#waiting.length === 0) this.#forgetTrial()
    for (const connection of this.#connections)
      while (connection.hasRoom) {
        const attempt = this.#waiting.shift()
        if (attempt === undefined) return
        this.#begin(attempt, connection.open())
      }
    if (this.#waiting.length > 0 && this.#connections.size < this.#options.connections)
      this.#connect()
  }

  #begin(attempt: LaneAttempt, lane: Lane): void {
    const { request, listener } = attempt
    const protocol = this.#findProtocol(lane.id)
    const begun = new ConnectionAttempt<Lane>({
      request,
      head: protocol.encodeHead(request),
      listener,
      protocol,
      ...bindAnswer(this.#options, request.exchange),
      // A lane was never used before.
      onKeptRefused: () => {},
      onFree: () => {
        if (this.#trial === 'running') setTimeout(() => this.#judge(), TRIAL_MS).unref()
        if (this.#waiting.length > 0) setImmediate(() => this.#serve())
      },
    })
    attempt.begin(begun)
    begun.run(lane)
  }

  #findProtocol(id: number): LaneProtocol {
    const known = this.#protocols.get(id) ?? createLaneProtocol(this.#pairs, id)
    this.#protocols.set(id, known)
    return known
  }

  #connect(): void {
    if (this.#connecting !== undefined) return
    this.#connecting = connectNet(this.#options.address.place, {
      onConnected: (stream) => {
        this.#connecting = undefined
        const lanes = Math.min(LANES, this.#most || 1)
        const onClosed = (connection: SharedConnection): void => this.#forget(connection)
        this.#connections.add(new SharedConnection({ stream, lanes, onClosed }))
        this.#serve()
      },
      onFailed: (error) => {
        this.#connecting = undefined
        if (this.#trial === 'running') this.#trial = 'open'
        for (const attempt of this.#waiting.splice(0)) attempt.fail(error)
      },
    })
  }

  /** The client of the first request has left before there was a connection. */
  #forgetTrial(): void {
    const isIdle = [...this.#connections].every(({ idle }) => idle)
    if (this.#trial === 'running' && isIdle) this.#trial = 'open'
  }

  #judge(): void {
    if (this.#trial === 'running') this.#trial = this.#connections.size > 0 ? 'passed' : 'open'
  }

  /** What follows may be another application. */
  #forget(connection: SharedConnection): void {
    this.#connections.delete(connection)
    this.#askedAt = this.#trial === 'passed' ? -Infinity : performance.now()
    this.#trial = 'open'
    this.#most = 0
    if (this.#waiting.length > 0) setImmediate(() => this.#serve())
  }
}

type LaneProtocol = ReturnType<typeof createLaneProtocol>

function createLaneProtocol(pairs: FastCgiPairs, id: number) {
  const { encodeHead, encodePiece, bodyEnd, file } = createRequestProtocol(pairs, id)
  const shape = { keeps: true, halfCloses: false, nph: false }
  // A lane tells by itself that nobody waits any more.
  return { ...shape, encodeHead, encodePiece, bodyEnd, file, abortion: undefined }
}
