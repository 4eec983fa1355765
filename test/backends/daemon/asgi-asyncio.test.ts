import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import { describeAsgiBackend } from '../../contract/asgi-backend.ts'

describeAsgiBackend('daemon backend with asyncio', (group, context) =>
  createDaemonBackend({ ...group, loop: 'asyncio' }, context),
)
