import { expect, test } from 'vitest'

import { selectThreads } from '../../../src/backends/group/dump.ts'
import { PYTHON_FOLDER } from '../../../src/backends/python-script.ts'

const TITLE = 'Fatal Python error: Aborted'
const WAITING = [
  'Thread 0x01 (most recent call first):',
  `  File "${PYTHON_FOLDER}/taipan/transports/socket.py", line 3 in serve`,
  '  File "/usr/lib/python3.11/threading.py", line 982 in run',
]
const BUSY = [
  'Current thread 0x02 (most recent call first):',
  '  File "/srv/site/report.py", line 40 in match',
  `  File "${PYTHON_FOLDER}/taipan/wsgi/call.py", line 52 in run`,
  '  File "/usr/lib/python3.11/threading.py", line 982 in run',
]

test('threads with code of the application are kept, without frames of others', () => {
  const report = [[TITLE], WAITING, BUSY, ['Extension modules: _ctypes (total: 1)']]
  expect(selectThreads(report.map((lines) => lines.join('\n')).join('\n\n'))).toBe(
    [TITLE, BUSY.slice(0, 2).join('\n')].join('\n\n'),
  )
})

test('where no thread runs any, the report is whole', () => {
  const report = [TITLE, WAITING.join('\n')].join('\n\n')
  expect(selectThreads(report)).toBe(report)
  expect(selectThreads('')).toBe('')
})
