import { expect, test } from 'vitest'

import { Backoff } from '../../src/processes/backoff.ts'

test('waits longer after each failure, up to 30 seconds', () => {
  const backoff = new Backoff()
  const delays = Array.from({ length: 11 }, () => {
    const { delay } = backoff
    backoff.fail()
    return delay
  })
  expect(delays).toEqual([0, 0, 250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  backoff.reset()
  expect(backoff.delay).toBe(0)
})

test('starts what always fails fewer than 10 times in 10 seconds', () => {
  const backoff = new Backoff()
  let starts = 0
  for (let time = 0; time < 10_000; time += backoff.delay) {
    starts++
    backoff.fail()
  }
  expect(starts).toBeLessThan(10)
})
