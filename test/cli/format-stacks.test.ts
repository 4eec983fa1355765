import { expect, test } from 'vitest'

import { formatStacks } from '../../src/cli/control/format-stacks.ts'

const WORKER = { group: 'web', pid: 7, stacks: [] }

test('a worker that does nothing is idle', () => {
  expect(formatStacks([{ ...WORKER, answered: true }])).toBe('worker web/7: idle\n')
})

test('of one that did not answer it is told where its stack will be', () => {
  const text = formatStacks([{ ...WORKER, answered: false }])
  expect(text).toMatch(/^worker web\/7: did not answer: .*Node's thread.*requestTimeout/)
  expect(text).not.toContain('idle')
})
