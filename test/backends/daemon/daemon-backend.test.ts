import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import { describeBackend } from '../../contract/backend.ts'
import { describeScripts } from '../../contract/scripts.ts'

describeBackend('daemon backend', createDaemonBackend)
describeScripts('daemon backend', createDaemonBackend)
