import type { ConnectPlace } from '../../streams/net/net-connector.ts'

/** Learns where programs can be reached. */
export interface ProgramAddresses {
  /** Requests may be sent there from now on. */
  add(address: ConnectPlace): void
  /** No more requests are sent there. Resolves when those that were have ended. */
  remove(address: ConnectPlace): Promise<void>
}
