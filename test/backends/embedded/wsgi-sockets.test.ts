import { createEmbeddedBackend } from '../../../src/backends/embedded/embedded-backend.ts'
import { describeWsgiSockets } from '../../contract/wsgi-sockets.ts'

describeWsgiSockets('embedded backend, WSGI on threads', createEmbeddedBackend)
