import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Exchange } from '../../../src/core/exchange.ts'
import { createStaticAnswerer } from '../../../src/pipeline/static/static-files.ts'
import { createPlainExchange } from '../../support/plain-exchange.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'taipan-departed-'))
  mkdirSync(join(folder, 'section'))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

test.each([
  ['POST', '/missing'],
  ['GET', '/missing'],
  ['GET', '/section'],
  ['GET', '/section/'],
])('%s %s of a disconnected client goes to no other answerer', async (method, target) => {
  const answer = createStaticAnswerer({ root: folder, fallthrough: true })
  const match = { scriptName: '', pathInfo: target, restOffset: 0 }
  const reached: Exchange[] = []
  const departed = createPlainExchange({ method, target })
  answer(departed, match, (exchange) => reached.push(exchange))
  departed.leave()
  // Each looks up the same files and begins later, so the first lookup has ended by then.
  const staying = [1, 2, 3].map(() => createPlainExchange({ method, target }))
  for (const exchange of staying)
    await new Promise<void>((resolve) => {
      answer(exchange, match, (handed) => {
        reached.push(handed)
        resolve()
      })
    })
  expect(reached.map((exchange) => exchange === departed)).toEqual([false, false, false])
})
