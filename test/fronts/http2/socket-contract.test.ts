import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import { createAsgiLabs } from '../../contract/asgi-labs.ts'
import { describeAsgiSockets } from '../../contract/asgi-sockets.ts'
import { describeWsgiSockets } from '../../contract/wsgi-sockets.ts'
import type { BackendLab } from '../../support/backend-lab.ts'
import { bridgeHttp2 } from '../../support/http2-bridge.ts'

async function throughHttp2(lab: BackendLab): Promise<BackendLab> {
  lab.url = await bridgeHttp2(lab.url)
  return lab
}

const labs = createAsgiLabs(createDaemonBackend)

describeAsgiSockets('HTTP/2', {
  ...labs,
  start: async (options) => await throughHttp2(await labs.start(options)),
})

describeWsgiSockets('HTTP/2', createDaemonBackend, { adapt: throughHttp2, unopened: 403 })
