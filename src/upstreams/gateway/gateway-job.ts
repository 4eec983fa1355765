import type { TaipanError } from '../../core/errors.ts'
import type { Exchange, RequestBody } from '../../core/exchange.ts'
import type { Invocation } from '../../core/upstream.ts'
import type {
  Attempt,
  AttemptEnd,
  AttemptListener,
  FilteredFile,
  GatewayRequest,
} from './address-client.ts'
import type { GatewayAddress } from './gateway-address.ts'

/** A request that a gateway has to answer. Times are those of `performance.now()`. */
export class GatewayJob implements GatewayRequest, AttemptListener {
  readonly exchange: Exchange
  readonly invocation: Invocation
  body: RequestBody
  file: FilteredFile | undefined
  /** When it came, and was ready to be sent. */
  since = performance.now()
  /** Addresses that it was sent to in vain. */
  tried: readonly GatewayAddress[] = []
  /** It was sent on a kept connection that may have been closed before. */
  wasLate = false
  /** The address that has it; undefined while it waits. */
  address: GatewayAddress | undefined
  /** It takes too long, or the server stops. */
  problem: TaipanError | undefined
  /** There is a connection. */
  connected = false
  /** It was given up before its answer was whole. */
  aborted = false
  /** When it was first seen that the client sends no more; 0: it has not been seen. */
  clientEndedAt = 0
  /** When bytes have moved. */
  movedAt = 0
  readonly #onEnd: (job: GatewayJob, end: AttemptEnd) => void
  #attempt: Attempt | undefined

  constructor(
    { exchange, invocation, body }: GatewayRequest,
    onEnd: (job: GatewayJob, end: AttemptEnd) => void,
  ) {
    this.exchange = exchange
    this.invocation = invocation
    this.body = body
    this.#onEnd = onEnd
  }

  /** It waits for its client. */
  get held(): boolean {
    return this.#attempt?.held === true
  }

  send(address: GatewayAddress): void {
    this.address = address
    this.connected = false
    this.movedAt = performance.now()
    address.begin()
    this.#attempt = address.client.send(this, this)
  }

  abort(reason: Error): void {
    this.aborted = true
    this.#attempt?.abort(reason)
  }

  onConnected(): void {
    this.connected = true
    this.movedAt = performance.now()
  }

  onProgress(): void {
    this.movedAt = performance.now()
  }

  onEnd(end: AttemptEnd): void {
    const { address } = this
    if (address === undefined) return
    this.#attempt = undefined
    address.end()
    this.#onEnd(this, end)
  }
}
