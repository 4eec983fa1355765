import { TaipanError } from '../../core/errors.ts'
import type { Outcome, ResponseSink } from '../../core/exchange.ts'
import { NO_FIELDS, type FieldBlock, type FieldPairs } from '../../core/field-block.ts'
import type { ResponseHead } from '../../core/response-head.ts'

/** Receives what an authorizer says. One of the first three is called, once. */
export interface VerdictListener {
  /** The request may come in; names and values of variables in turn. */
  onAllowed(variables: FieldPairs): void
  /** The client gets the authorizer's response. */
  onDenied(): void
  /** Nobody can tell. */
  onFailed(error: Error): void
  /** The response is over, whatever it was. */
  onEnd(outcome: Outcome): void
}

const ALLOWED = 200
const PREFIX = /^variable-(?=[\w-]+$)/i

/** The response of an authorizer: 200 lets the request in, any other one is for the client. */
export class VerdictSink implements ResponseSink {
  onDrain: (() => void) | undefined
  readonly #client: ResponseSink
  readonly #listener: VerdictListener
  #variables: FieldPairs | undefined
  #status = 0
  #bytes = 0
  #finished = false

  constructor(client: ResponseSink, listener: VerdictListener) {
    this.#client = client
    this.#listener = listener
  }

  get begun(): boolean {
    return this.#status !== 0
  }

  get finished(): boolean {
    return this.#finished
  }

  get pending(): number {
    return this.#variables === undefined ? this.#client.pending : 0
  }

  send(head: ResponseHead, body: Uint8Array | string): void {
    if (this.begun || this.#finished) return
    this.begin(head)
    this.write(typeof body === 'string' ? Buffer.from(body, 'latin1') : body)
    this.end()
  }

  begin(head: ResponseHead): void {
    if (this.begun || this.#finished) return
    this.#status = head.status
    if (head.status === ALLOWED) {
      this.#variables = listVariables(head.fields)
      return
    }
    this.#client.onDrain = () => this.onDrain?.()
    this.#client.begin(head)
    this.#listener.onDenied()
  }

  inform(): void {}

  write(chunk: Uint8Array): boolean {
    if (this.#finished || !this.begun || this.#variables !== undefined) return true
    this.#bytes += chunk.length
    return this.#client.write(chunk)
  }

  end(trailers: FieldBlock = NO_FIELDS): void {
    if (this.#finished) return
    const variables = this.#variables
    if (variables === undefined && !this.begun) {
      this.abort(new TaipanError('UPSTREAM_FAILED', 'the authorizer has answered nothing'))
      return
    }
    this.#settle(undefined)
    if (variables === undefined) this.#client.end(trailers)
    else this.#listener.onAllowed(variables)
  }

  abort(reason: Error): void {
    if (this.#finished) return
    const denied = this.begun && this.#variables === undefined
    this.#settle(reason)
    if (denied) this.#client.abort(reason)
    else this.#listener.onFailed(reason)
  }

  #settle(error: Error | undefined): void {
    this.#finished = true
    if (this.#variables === undefined) this.#client.onDrain = undefined
    this.#listener.onEnd({ status: this.#status, bytes: this.#bytes, error })
  }
}

/** Those of fields such as `Variable-REMOTE_GROUP`, each name once; the last one counts. */
function listVariables({ pairs }: FieldBlock): FieldPairs {
  const variables = new Map<string, string>()
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const name = pairs[at] ?? ''
    if (PREFIX.test(name)) variables.set(name.replace(PREFIX, ''), pairs[at + 1] ?? '')
  }
  return [...variables].flat()
}
