import { createEmbeddedBackend } from '../../../src/backends/embedded/embedded-backend.ts'
import { describeAsgiBackend } from '../../contract/asgi-backend.ts'

describeAsgiBackend('embedded backend, ASGI on Node’s loop', (group, context) =>
  createEmbeddedBackend(
    { ...group, threads: 0, workerOptions: { ...group.workerOptions, threads: 0 } },
    context,
  ),
)
