import type { Logger } from '../../core/logger.ts'
import type { HealthCheckOptions } from './health-check.ts'

/** Which of several addresses gets a request. */
export type Balance =
  | 'least'
  | 'round-robin'
  /** The same address for the same value: `header:NAME`, or `address`, that of the client. */
  | { readonly hash: string }

/** Time limits of requests in ms; 0: no limit. */
export interface GatewayTimeouts {
  /** Until there is a connection. */
  readonly connect: number
  /** From the connection, or the last bytes of the request, until the answer begins. */
  readonly firstByte: number
  /** Between two pieces of the answer, while the client takes them. */
  readonly betweenBytes: number
  /** For the whole of a request, with all addresses that are tried. */
  readonly request: number
}

/** Options of a gateway. */
export interface GatewayOptions {
  /** What it is called in the log. */
  readonly name: string
  readonly balance: Balance
  readonly timeouts: GatewayTimeouts
  /** Requests that wait for a free connection, and for how long in ms; 0: no limit of time. */
  readonly queue: { readonly limit: number; readonly timeout: number }
  /**
   * `unsent`: a request goes to another address only if it was certainly not begun; `idempotent`: also if it may have been, where
   * the method allows that.
   */
  readonly retries: 'unsent' | 'idempotent'
  /** Addresses that fail are replaced, so a request that was certainly not begun waits for another one. */
  readonly replacesAddresses: boolean
  /** Undefined: addresses are not asked. */
  readonly health: HealthCheckOptions | undefined
  /** What becomes of a body whose length is known only at its end; `stream`: it is sent as it arrives. */
  readonly unknownLength: 'stream' | 'spool' | 411 | 413
  /** The addresses are filters: they get the file that a request names. */
  readonly filters: boolean
  /** For requests at a stop, in ms; 0: no limit. */
  readonly shutdownTimeout: number
  readonly logger: Logger
}
