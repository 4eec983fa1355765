import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { PYTHON } from '../applications/support/site.ts'
import { DEADLINE } from './deadlines.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

test.each([
  {
    runner: 'vitest',
    command: [process.execPath, 'node_modules/vitest/vitest.mjs', 'run'],
    filters: ['test/wire/http-date', 'test/nothing'],
  },
  {
    runner: 'pytest',
    command: [PYTHON, '-m', 'pytest', '-q'],
    filters: ['python/tests/test_fields.py', 'python/taipan'],
  },
])('$runner refuses one filter of several that matches nothing', ({ command, filters }) => {
  const [program = '', ...words] = command
  const { status, stdout, stderr } = spawnSync(program, [...words, ...filters], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: DEADLINE,
    env: { ...process.env, TAIPAN_TEST_BUILT: '1', NO_COLOR: '1' },
  })
  expect(status).toBeGreaterThan(0)
  expect(stdout + stderr).toMatch(new RegExp(`no test .*${filters[1]}\\b`))
  expect(stdout).not.toMatch(/passed/)
})
