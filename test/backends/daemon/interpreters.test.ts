import { describe } from 'vitest'

import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import { testExchanges } from '../../contract/exchanges.ts'
import { describeScripts } from '../../contract/scripts.ts'
import { testStopping } from '../../contract/stopping.ts'
import { describeWsgiSockets } from '../../contract/wsgi-sockets.ts'
import { startLab, type BackendFactory } from '../../support/backend-lab.ts'
import { SPOILING } from '../../support/one-connection.ts'
import { findWithInterpreters } from '../../support/pythons.ts'

const python = findWithInterpreters() ?? ''
const SERVER = { serverSoftware: 'taipan/test' }

const createNamed: BackendFactory = (group, { logger }) => {
  const applications = group.applications.map((one) =>
    'interpreter' in one ? { ...one, interpreter: 'lab' } : one,
  )
  return createDaemonBackend({ ...group, python, applications }, { ...SERVER, logger })
}

const createIsolated: BackendFactory = (group, { logger }) =>
  createDaemonBackend({ ...group, python, isolation: 'interpreter' }, { ...SERVER, logger })

describe.skipIf(python === '')('sub-interpreters', () => {
  describe('WSGI in a named one', () => {
    testExchanges((options) => startLab(createNamed, options), SPOILING)
    testStopping((options) => startLab(createNamed, options))
  })
  describeScripts('one for each thread', createIsolated)
  describeWsgiSockets('a named sub-interpreter', createNamed)
})
