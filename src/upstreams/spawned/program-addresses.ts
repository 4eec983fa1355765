import type { TaipanError } from '../../core/errors.ts'
import type { ConnectPlace } from '../../streams/net/net-connector.ts'

/** Learns where programs can be reached. */
export interface ProgramAddresses {
  /** Requests may be sent there from now on. */
  add(address: ConnectPlace): void
  /** No more requests are sent there. Resolves when those that were have ended. */
  remove(address: ConnectPlace): Promise<void>
  /** How many requests were answered there so far; 0 once it is removed. */
  countAnswered(address: ConnectPlace): number
  /** There is none, and there will be none for now. */
  fail(error: TaipanError): void
}
