import { expect, test } from 'vitest'

import { listRenewed, listRepaired } from '../../../src/backends/group/required.ts'
import type { ApplicationFinding } from '../../../src/core/backend.ts'
import { labApplication } from '../../support/backend-lab.ts'

function found(name: string, failure = ''): ApplicationFinding {
  return {
    name,
    interface: 'wsgi',
    found: '',
    failure,
    traceback: '',
    notes: [],
    staticFiles: undefined,
  }
}

test('a new worker must serve what worked, and a better one more than that', () => {
  const file = {
    ...labApplication({ name: 'file' }),
    kind: 'file',
    appDirectory: '/',
    appFilename: 'app.py',
    callable: 'app',
    callableQueryName: undefined,
  } as const
  const applications = [labApplication({ name: 'a' }), labApplication({ name: 'b' }), file]
  const findings = [found('a'), found('b', 'broken'), found('file')]
  expect(listRenewed(applications, findings)).toEqual(['a'])
  expect(listRepaired(findings)).toEqual(['b', 'a', 'file'])
  // One of two workers serves it.
  expect(listRenewed(applications, [...findings, found('b')])).toEqual(['a', 'b'])
})
