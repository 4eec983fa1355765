import { createPreloadBackend } from '../../../src/backends/preload/preload-backend.ts'
import { describeAsgiBackend } from '../../contract/asgi-backend.ts'
import { describeBackend } from '../../contract/backend.ts'

describeBackend('workers of a template', createPreloadBackend)
describeAsgiBackend('event loops of workers of a template', createPreloadBackend)
