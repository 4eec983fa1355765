import type { Logger } from '../../core/logger.ts'
import type { LimitNames } from '../../core/process-group.ts'
import type { Cause } from '../../processes/cause.ts'
import type { RequestFacts } from '../link/request-facts.ts'

/** The thread or stream of a request that takes too long. */
export type InterruptTarget = { readonly thread: number } | { readonly stream: number }

/** Makes a worker report the stack of a request, and raise RequestTimeout in its thread. On an event loop a frame cancels it. */
export type InterruptMessage = InterruptTarget & {
  readonly type: 'interrupt'
  readonly request: string
  /** Returned in the answer. */
  readonly facts: OverdueFacts
}

/** Facts about a request that takes too long. */
interface OverdueFacts extends Omit<RequestFacts, 'id'> {
  readonly application: string
}

/** Makes the message about a request of an application. */
export function createInterrupt(
  target: InterruptTarget,
  { id: request, ...rest }: RequestFacts,
  application: string,
): InterruptMessage {
  return { ...target, type: 'interrupt', request, facts: { ...rest, application } }
}

/** A request that a thread or an event loop does not end. */
export interface StuckRequest {
  /** `a thread`, `an event loop`. */
  readonly what: string
  readonly facts: RequestFacts
  /** Empty when it is not known. */
  readonly stack: string
}

/** Why a worker is replaced that does not end a request. */
export function describeStuck(
  { what, facts, stack }: StuckRequest,
  { request: limit, interrupt }: LimitNames,
): Cause {
  const { id: request, method, path, age } = facts
  const traceback = stack === '' ? {} : { traceback: stack }
  return {
    reason: 'request_timeout',
    text: `has ${what} that does not end request ${request} (${method} ${path}) after ${age} ms (${limit}, ${interrupt})`,
    facts: { request, age, ...traceback },
  }
}

/** Logs the answer of a worker, `group/pid`, with the stack of the request. */
export function reportInterrupted(
  logger: Logger,
  { worker, limit }: { readonly worker: string; readonly limit: string },
  answer: Readonly<Record<string, unknown>>,
): void {
  const { request, facts, stack } = answer
  const { application, method, path, age }: Partial<OverdueFacts> =
    typeof facts === 'object' && facts !== null ? facts : {}
  const fields = { request, application, age, worker }
  const traceback = typeof stack === 'string' && stack !== '' ? { traceback: stack } : {}
  logger.warn(
    { ...fields, ...traceback },
    `request ${String(request)} (${method} ${path}) of application ${application} was ended after ${age} ms (${limit})`,
  )
}
