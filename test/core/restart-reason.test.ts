import { expect, test } from 'vitest'

import { addRestarts, NO_RESTARTS } from '../../src/core/restart-reason.ts'

test('restarts of several supervisors add up, each by its reason', () => {
  const parts = [{ ...NO_RESTARTS, crash: 2, memory: 1 }, NO_RESTARTS, { ...NO_RESTARTS, crash: 3 }]
  expect(addRestarts(parts)).toEqual({ ...NO_RESTARTS, crash: 5, memory: 1 })
  expect(addRestarts([])).toEqual(NO_RESTARTS)
  // All begin with these.
  expect(new Set(Object.values(NO_RESTARTS))).toEqual(new Set([0]))
})
