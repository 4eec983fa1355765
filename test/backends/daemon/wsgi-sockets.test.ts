import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import { describeWsgiSockets } from '../../contract/wsgi-sockets.ts'

describeWsgiSockets('daemon backend', createDaemonBackend)
