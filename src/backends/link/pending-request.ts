import type { Invocation } from '../../core/upstream.ts'
import type { Exchange } from '../../core/exchange.ts'

/** A request for a worker. */
export interface PendingRequest {
  readonly exchange: Exchange
  readonly invocation: Invocation
  /** Index of the application in its group. */
  readonly application: number
  /** The body, after it was taken from the exchange as a whole. */
  body: readonly Uint8Array[] | undefined
}

/** Notes the worker, `group/pid`, that has got the request, for the access log. */
export function noteWorker(
  { exchange, invocation }: PendingRequest,
  worker: string,
  now: number,
): void {
  const { notes } = exchange
  notes.answeredBy = invocation.application
  notes.worker = worker
  notes.queued = now - exchange.startedAt
}

/** Whether an application on a thread may answer it by a WebSocket. */
export function mayOpenSocket({ exchange, invocation }: PendingRequest): boolean {
  return exchange.webSocket !== undefined && invocation.script === undefined
}
