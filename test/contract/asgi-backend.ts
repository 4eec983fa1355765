import type { BackendFactory } from '../support/backend-lab.ts'
import { describeAsgiExchanges } from './asgi-exchanges.ts'
import { createAsgiLabs } from './asgi-labs.ts'
import { describeAsgiLife } from './asgi-life.ts'
import { describeAsgiSockets } from './asgi-sockets.ts'

/** Tests of ASGI applications for every backend. Each backend's test file calls it once per event loop. */
export function describeAsgiBackend(name: string, createBackend: BackendFactory): void {
  const labs = createAsgiLabs(createBackend)
  describeAsgiExchanges(name, labs)
  describeAsgiLife(name, labs)
  describeAsgiSockets(name, labs)
}
