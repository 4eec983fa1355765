import { createEmbeddedBackend } from '../../../src/backends/embedded/embedded-backend.ts'
import { describeBackend } from '../../contract/backend.ts'

describeBackend('embedded backend, WSGI on threads', createEmbeddedBackend)
