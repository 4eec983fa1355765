import type { Invocation } from '../../core/backend.ts'
import type { Exchange } from '../../core/exchange.ts'

/** A request for a worker. */
export interface Errand {
  readonly exchange: Exchange
  readonly invocation: Invocation
  /** Index of the application in its group. */
  readonly application: number
  /** The body, once it was taken from the exchange as a whole. */
  body: readonly Uint8Array[] | undefined
}
