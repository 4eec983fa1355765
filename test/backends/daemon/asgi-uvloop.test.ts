import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import { describeAsgiBackend } from '../../contract/asgi-backend.ts'
import { labApplication, openLab, startLab } from '../../support/backend-lab.ts'
import { fetchRaw } from '../../support/raw-client.ts'

const python =
  process.env['TAIPAN_TEST_PYTHON'] ??
  fileURLToPath(new URL('../../../.venv-test/bin/python', import.meta.url))
const applications = [labApplication({ target: 'asgi_lab.py' })]

if (existsSync(python))
  describeAsgiBackend('daemon backend with uvloop', (group, context) =>
    createDaemonBackend({ ...group, python, loop: 'uvloop' }, context),
  )

test.runIf(existsSync(python))('uvloop is used if it is installed', async () => {
  for (const [loop, expected] of [
    ['auto', 'uvloop'],
    ['uvloop', 'uvloop'],
    ['asyncio', 'asyncio'],
  ] as const) {
    await using lab = await startLab(createDaemonBackend, { python, loop, applications })
    expect(lab.backend.findings?.loop).toBe(expected)
    expect((await fetchRaw(lab.url, '/lab/loop')).text).toBe(expected)
  }
})

test('without uvloop it cannot be selected, and `auto` uses asyncio', async () => {
  await using lab = await openLab(createDaemonBackend, { applications })
  lab.write('uvloop.py', 'raise ImportError("no such thing")\n')
  const environment = { PYTHONPATH: lab.folder }
  await using without = await openLab(createDaemonBackend, {
    loop: 'uvloop',
    applications,
    environment,
  })
  await expect(without.backend.start()).rejects.toMatchObject({
    code: 'APPLICATION_LOAD',
    message: expect.stringMatching(/uvloop cannot be imported.*pip install uvloop/),
  })
  await using auto = await startLab(createDaemonBackend, {
    loop: 'auto',
    applications,
    environment,
  })
  expect(auto.backend.findings?.loop).toBe('asyncio')
})
