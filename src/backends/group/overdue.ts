import type { Logger } from '../../core/logger.ts'
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

/** Why a worker is replaced whose thread or event loop does not end a request; with its stack, if that is known. */
export function describeStuck(
  what: string,
  { id: request, method, path, age }: RequestFacts,
  stack: string,
): Cause {
  const traceback = stack === '' ? {} : { traceback: stack }
  return {
    reason: 'request_timeout',
    text: `has ${what} that does not end request ${request} (${method} ${path}) after ${age} ms (timeouts.request, interruptTimeout)`,
    facts: { request, age, ...traceback },
  }
}

/** Logs the answer of a worker, `group/pid`, with the stack of the request. */
export function reportInterrupted(
  logger: Logger,
  worker: string,
  answer: Readonly<Record<string, unknown>>,
): void {
  const { request, facts, stack } = answer
  const { application, method, path, age }: Partial<OverdueFacts> =
    typeof facts === 'object' && facts !== null ? facts : {}
  const fields = { request, application, age, worker }
  const traceback = typeof stack === 'string' && stack !== '' ? { traceback: stack } : {}
  logger.warn(
    { ...fields, ...traceback },
    `request ${String(request)} (${method} ${path}) of application ${application} was ended after ${age} ms (timeouts.request)`,
  )
}
