import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import { describeBackend } from '../../contract/backend.ts'

describeBackend('daemon backend', createDaemonBackend)
