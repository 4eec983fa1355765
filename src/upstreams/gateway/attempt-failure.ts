import type { TaipanError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { AttemptEnd } from './address-client.ts'
import type { GatewayJob } from './gateway-job.ts'

/** An attempt that has brought no answer. */
export type AttemptFailure = Extract<AttemptEnd, { readonly kind: 'failed' }>

/** The failure of an attempt that was given up. */
export function createFailure(error: TaipanError, begun: 'never' | 'yes'): AttemptFailure {
  return { kind: 'failed', error, begun, lost: begun === 'never' }
}

/** Logs a failure with the address and the request; that of a client that has left concerns nobody. */
export function logFailure(
  { exchange, address, connected }: GatewayJob,
  { error, begun }: AttemptFailure,
  { name, logger }: { readonly name: string; readonly logger: Logger },
): void {
  if (exchange.response.finished) return
  const upstream = address?.name ?? name
  const facts = { request: exchange.id, upstream, code: error.code, reason: error.message }
  const text = `${upstream}: ${error.message}`
  if (connected && begun === 'yes') logger.error(facts, text)
  else logger.warn(facts, text)
}
