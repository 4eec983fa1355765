import { createEmbeddedBackend } from '../../../src/backends/embedded/embedded-backend.ts'
import { describeBackend } from '../../contract/backend.ts'
import { describeScripts } from '../../contract/scripts.ts'

describeBackend('embedded backend, WSGI on threads', createEmbeddedBackend)
describeScripts('embedded backend', createEmbeddedBackend)
