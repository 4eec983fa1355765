import { expect, test } from 'vitest'

import { GroupBackend } from '../../../src/backends/group/group-backend.ts'
import { createHostSource } from '../../../src/backends/group/host.ts'
import { TaipanError } from '../../../src/core/errors.ts'
import { openLab } from '../../support/backend-lab.ts'
import { fetchRaw } from '../../support/raw-client.ts'

const TRACEBACK = 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError'

test.each([
  [
    'an error of ours keeps its code and its message',
    new TaipanError('PYTHON_NOT_FOUND', 'python is gone'),
    { code: 'PYTHON_NOT_FOUND', message: 'python is gone' },
    503,
  ],
  [
    'anything else is a defect, with the traceback',
    new Error('taipan.embedded.worker:open_worker: ValueError', { cause: TRACEBACK }),
    { code: 'INTERNAL', message: /open_worker: ValueError/, cause: TRACEBACK },
    500,
  ],
])('a host that cannot be started: %s', async (_what, error, wanted, status) => {
  const startHost = (): Promise<never> => Promise.reject(error)
  for (const startAnyway of [false, true]) {
    await using lab = await openLab(
      (group, context) => new GroupBackend(group, context, createHostSource(startHost)),
      { startAnyway },
    )
    const started = lab.backend.start()
    if (startAnyway) {
      await started
      expect((await fetchRaw(lab.url, '/lab/')).status).toBe(status)
      const { fields } = await lab.waitForRecord(/python is gone|open_worker/)
      expect(fields).toMatchObject({ code: wanted.code })
    } else
      await expect(started).rejects.toMatchObject({
        ...wanted,
        message: expect.stringMatching(wanted.message),
      })
  }
})
