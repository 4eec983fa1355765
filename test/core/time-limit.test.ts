import { expect, test } from 'vitest'

import { longestTime, toLimit } from '../../src/core/time-limit.ts'

test('0 is no limit', () => {
  expect([toLimit(0), toLimit(5)]).toEqual([Infinity, 5])
  expect([longestTime([1, 3, 2]), longestTime([1, 0, 2]), longestTime([])]).toEqual([3, 0, 0])
})
