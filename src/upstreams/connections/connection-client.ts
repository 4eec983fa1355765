import { TaipanError } from '../../core/errors.ts'
import { connectNet } from '../../streams/net/net-connector.ts'
import type {
  AddressClient,
  Attempt,
  AttemptListener,
  GatewayRequest,
} from '../gateway/address-client.ts'
import { bindAnswer, type AnswerOptions } from './bind-answer.ts'
import { ClientConnection } from './client-connection.ts'
import { ConnectionAttempt } from './connection-attempt.ts'
import { KeptConnections } from './kept-connections.ts'
import { UnheardAttempts } from './unheard-attempts.ts'
import type { WireProtocol } from './wire-protocol.ts'

/** Options of a client. */
export interface ConnectionClientOptions extends AnswerOptions {
  readonly protocol: WireProtocol
  /** Connections at the same time. */
  readonly connections: number
}

/** Sends requests to an address over connections that have one request at a time. */
export class ConnectionClient implements AddressClient {
  readonly slots: number
  readonly #options: ConnectionClientOptions
  readonly #unheard: UnheardAttempts
  readonly #kept = new KeptConnections<ClientConnection>((now) => this.#unheard.countStarving(now))
  #active = 0
  #closed = false

  constructor(options: ConnectionClientOptions) {
    this.#options = options
    this.slots = options.connections
    this.#unheard = new UnheardAttempts(options.address.url)
  }

  send(request: GatewayRequest, listener: AttemptListener): Attempt {
    const { protocol } = this.#options
    let head: Uint8Array
    try {
      head = protocol.encodeHead(request)
    } catch (error) {
      if (!(error instanceof TaipanError)) throw error
      setImmediate(() => listener.onEnd({ kind: 'failed', error, begun: 'yes', lost: false }))
      return { held: false, abort: () => {} }
    }
    const attempt = this.#createAttempt(request, head, listener)
    this.#active += 1
    const connection = request.wasLate === true ? undefined : this.#kept.take()
    if (connection === undefined) this.#connect(attempt)
    else attempt.run(connection)
    return attempt
  }

  close(): void {
    this.#closed = true
    this.#kept.closeAll()
  }

  #createAttempt(
    request: GatewayRequest,
    head: Uint8Array,
    listener: AttemptListener,
  ): ConnectionAttempt<ClientConnection> {
    const { protocol } = this.#options
    const attempt = new ConnectionAttempt<ClientConnection>({
      request,
      head,
      listener,
      protocol,
      ...bindAnswer(this.#options, request.exchange),
      onKeptRefused: () => {
        this.#kept.distrust()
        this.#connect(attempt)
      },
      onFree: (connection) => {
        this.#active -= 1
        this.#unheard.delete(attempt)
        if (connection === undefined) return
        if (this.#closed) connection.stream.destroy()
        else this.#kept.keep(connection)
      },
    })
    return attempt
  }

  #connect(attempt: ConnectionAttempt<ClientConnection>): void {
    const { address, protocol } = this.#options
    this.#kept.limit(this.slots - this.#active)
    this.#unheard.add(attempt)
    attempt.waitFor(
      connectNet(address.place, {
        onConnected: (stream) =>
          attempt.run(
            new ClientConnection(stream, protocol, (connection) => this.#kept.forget(connection)),
          ),
        onFailed: (error) => attempt.onUnconnected(error),
      }),
    )
  }
}
