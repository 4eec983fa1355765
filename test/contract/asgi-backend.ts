import type { BackendFactory } from '../support/backend-lab.ts'
import { describeAsgiExchanges } from './asgi-exchanges.ts'
import { createAsgiLabs } from './asgi-labs.ts'
import { describeAsgiLife } from './asgi-life.ts'
import { describeAsgiSockets } from './asgi-sockets.ts'

/** What every backend has to do with ASGI applications, wherever it runs Python. Called once per backend and event loop by its test file. */
export function describeAsgiBackend(name: string, createBackend: BackendFactory): void {
  const labs = createAsgiLabs(createBackend)
  describeAsgiExchanges(name, labs)
  describeAsgiLife(name, labs)
  describeAsgiSockets(name, labs)
}
