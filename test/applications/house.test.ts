import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Browser } from './support/browser.ts'
import { describeUse, ENGINES, type EngineUse } from './support/engines.ts'
import { PYTHON, SITES, startSite, type Site } from './support/site.ts'

const uses = ENGINES.flatMap((engine): readonly EngineUse[] =>
  engine === 'embedded' ? [{ engine }, { engine, threads: 4 }] : [{ engine }],
)

describe.each(uses.map((use) => ({ use, title: describeUse(use) })))(
  'what an application does beside answering ($title)',
  ({ use }) => {
    let site: Site
    let stopped = false

    beforeAll(async () => {
      site = await startSite({ args: [`${join(SITES, 'house/app.py')}:application`], use })
    })
    afterAll(async () => {
      if (!stopped) await site.stop()
    })

    const ask = async (path: string): Promise<unknown> => {
      const page = await new Browser(site.url).visit(path)
      expect([page.status, path]).toEqual([200, path])
      return JSON.parse(page.text)
    }

    test('numpy computes', async () => {
      expect(await ask('/multiply')).toBe(799_980_000)
    })

    test('a pool of spawned processes computes', async () => {
      expect(await ask('/spawn')).toEqual([0, 1, 4, 9, 16])
    })

    test('a child of the interpreter has its packages', async () => {
      expect(await ask('/child')).toEqual({ same: true, error: '' })
    })

    test('the interpreter reports the configured path as its own', async () => {
      const found = await ask('/environment')
      const prefix = dirname(dirname(PYTHON))
      expect(found).toMatchObject({ prefix, venv: true, folder: true, stdin: '' })
      const { executable, argv } = Object(found)
      expect(dirname(executable)).toBe(dirname(PYTHON))
      expect(realpathSync(executable)).toBe(realpathSync(PYTHON))
      expect(argv).toHaveLength(1)
    })

    test('an event loop of the application runs inside of its handler', async () => {
      expect(await ask('/gather')).toEqual([0, 1, 2, 3, 4])
      expect(await ask('/gather')).toEqual([0, 1, 2, 3, 4])
    })

    test('threads run on between requests', async () => {
      const before = Number(await ask('/count_ticks'))
      await new Promise((resolve) => setTimeout(resolve, 300))
      // At least some: a busy machine does not guarantee a number.
      expect(Number(await ask('/count_ticks'))).toBeGreaterThan(before + 3)
    })

    test('all output is in the log, also that of libraries and children', async () => {
      await ask('/speak')
      for (const words of ['by print', 'to stderr', 'by write', 'by write to 2', 'by a child'])
        await site.waitForOutput(new RegExp(`said ${words}$`, 'm'))
    })

    test('a handler of signals is refused with a warning', async () => {
      const said = Object(await ask('/handle'))
      if (said.length === 0) await site.waitForOutput(/warn.*signal/i)
      else expect(said[0]).toMatch(/signal/)
      expect(await ask('/gather')).toHaveLength(5)
    })

    test.each(['/recurse', '/sort_without_end'])('%s ends as an error', async (path) => {
      for (let count = 0; count < 3; count++)
        expect((await new Browser(site.url).visit(path)).status).toBe(500)
      await site.waitForOutput(/RecursionError/)
      expect(await ask('/gather')).toHaveLength(5)
    })

    test('5,000 frames are possible', async () => {
      expect(await ask('/nest')).toBe(5000)
    })

    test('two megabytes of one request are logged, and exit handlers run', async () => {
      await ask('/shout')
      await site.waitForOutput(/the shout is over$/m)
      stopped = true
      const output = await site.stop()
      const numbers = [...output.matchAll(/shout (\d{5}) x{88}$/gm)].map(([, digits]) => digits)
      expect(numbers).toEqual(Array.from(numbers, (_, at) => String(at).padStart(5, '0')))
      expect(numbers).toHaveLength(20_000)
      expect(output).toMatch(/the house is locked/)
    })
  },
)
