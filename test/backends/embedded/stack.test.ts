import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { describe, expect, test } from 'vitest'

import { listEmbeddable } from '../../support/pythons.ts'

const run = promisify(execFile)
const SUPPORT = fileURLToPath(new URL('support', import.meta.url))
// Then the C library gives threads 2 MiB.
const WITHOUT_LIMIT = ['-c', 'ulimit -s unlimited; exec "$0" "$@"']
const ENVIRONMENT = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' }

// Results of CPython itself that depend on the version: some limits are the parser's, some sources are valid.
const OTHERS: Readonly<Record<string, RegExp>> = {
  compile_attribute: /code/,
  compile_binary: /code/,
  compile_call: /code/,
  compile_parens: /SyntaxError/,
  deep: /^5000$/,
  del_chain: /gone/,
  json_dumps: /^\d+$/,
  json_loads: /^\d+$/,
  literal_eval: /SyntaxError/,
  regex: /^\(+$/,
  repr: /^\d+$/,
}

describe.each(await listEmbeddable())('recursion without end in %s', (python) => {
  test.each(['node', 'python'])(
    'is an exception on a thread of %s',
    async (thread) => {
      const { stdout } = await run(
        '/bin/sh',
        [
          ...WITHOUT_LIMIT,
          process.execPath,
          '--import',
          'jiti/register',
          `${SUPPORT}/probe-stack.ts`,
          python,
          SUPPORT,
          thread,
        ],
        { env: ENVIRONMENT, timeout: 60_000 },
      )
      const results = stdout.trimEnd().split('\n')
      expect(results.length).toBeGreaterThan(35)
      const unexpected = results.filter((line) => {
        const [name = '', result = ''] = line.split(' ')
        return !/^(RecursionError|MemoryError)$/.test(result) && !OTHERS[name]?.test(result)
      })
      expect(unexpected).toEqual([])
      expect(results).toContain('deep 5000')
    },
    90_000,
  )
})
