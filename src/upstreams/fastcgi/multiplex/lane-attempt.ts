import { TaipanError } from '../../../core/errors.ts'
import type { Attempt, AttemptListener, GatewayRequest } from '../../gateway/address-client.ts'

/** A request that waits for a connection, and then has a share of one. */
export class LaneAttempt implements Attempt {
  readonly request: GatewayRequest
  readonly listener: AttemptListener
  #begun: Attempt | undefined
  #over = false

  constructor(request: GatewayRequest, listener: AttemptListener) {
    this.request = request
    this.listener = listener
  }

  get held(): boolean {
    return this.#begun?.held === true
  }

  /** Nobody wants its answer any more. */
  get over(): boolean {
    return this.#over
  }

  /** It has a share of a connection. */
  begin(attempt: Attempt): void {
    this.#begun = attempt
  }

  /** There is no connection. */
  fail(error: Error): void {
    if (this.#over) return
    this.#over = true
    const problem = new TaipanError('UPSTREAM_UNREACHABLE', error.message, { cause: error })
    this.listener.onEnd({ kind: 'failed', error: problem, begun: 'never', lost: true })
  }

  abort(reason: Error): void {
    if (this.#begun !== undefined) this.#begun.abort(reason)
    else if (!this.#over) {
      this.#over = true
      this.listener.onEnd({ kind: 'answered' })
    }
  }
}
