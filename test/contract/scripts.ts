import { describe, expect, test } from 'vitest'

import type { BackendFactory, BackendLab, LabOptions } from '../support/backend-lab.ts'
import { labScripts, startLab } from '../support/backend-lab.ts'
import { fetchRaw } from '../support/raw-client.ts'
import { testBodies } from './bodies.ts'
import { testExchanges } from './exchanges.ts'
import { testThreads } from './threads.ts'

/** A script that changes what it was given. */
const SPOILING = `
import os, sys
text = repr(sorted((key, value) for key, value in os.environ.items() if key != "REMOTE_PORT"))
text += repr([sys.argv, sorted(globals()), sys.stdin.read()])
for key in list(os.environ):
    os.environ[key] = "spoilt"
sys.argv[:] = ["spoilt"]
__builtins__["spoilt"] = spoilt = True
print("Content-Type: text/plain\\n")
print(text, end="")
`

const answer = (text: string): string => `print("Content-Type: text/plain\\n")\nprint("${text}")\n`

/** Tests of folders of scripts for every backend. Each backend's test file calls it once. */
export function describeScripts(name: string, createBackend: BackendFactory): void {
  const start = (options?: LabOptions): Promise<BackendLab> =>
    startLab(createBackend, { applications: [labScripts()], ...options })

  describe(`${name}: scripts`, () => {
    testExchanges(start, SPOILING)
    testBodies(start)
    testThreads(start)

    test('a changed script is seen at the next request, without a reload', async () => {
      await using lab = await start({ own: answer('old') })
      expect((await fetchRaw(lab.url, '/lab')).text).toBe('old\n')
      for (const text of ['new', 'newer', 'last']) {
        lab.write('lab.py', answer(text))
        expect((await fetchRaw(lab.url, '/lab')).text).toBe(`${text}\n`)
      }
    })

    test('simultaneous first requests run one compiled script', async () => {
      await using lab = await start({ threads: 4, own: answer('first') })
      const all = await Promise.all(Array.from({ length: 12 }, () => fetchRaw(lab.url, '/lab')))
      expect(all.map(({ text }) => text)).toEqual(all.map(() => 'first\n'))
    })
  })
}
