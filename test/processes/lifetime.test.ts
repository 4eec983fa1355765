import { expect, test } from 'vitest'

import { chooseEnd } from '../../src/processes/lifetime.ts'

const NONE = {
  maximumRequests: 0,
  maximumRequestsJitter: 0,
  restartInterval: 0,
  restartIntervalJitter: 0,
}

test('there is no limit by default, whatever the jitter', () => {
  const jitter = { maximumRequestsJitter: 5, restartIntervalJitter: 5 }
  expect(chooseEnd({ ...NONE, ...jitter })).toEqual({ requests: Infinity, age: Infinity })
})

test('each worker has its own limits, up to the jitter above the configured ones', () => {
  const limits = {
    maximumRequests: 100,
    maximumRequestsJitter: 10,
    restartInterval: 1000,
    restartIntervalJitter: 500,
  }
  const lives = Array.from({ length: 200 }, () => chooseEnd(limits))
  const requests = lives.map((life) => life.requests)
  const ages = lives.map(({ age }) => age)
  expect([Math.min(...requests), Math.max(...requests)]).toEqual([100, 110])
  expect(requests.every(Number.isInteger)).toBe(true)
  expect(Math.min(...ages)).toBeGreaterThanOrEqual(1000)
  expect(Math.max(...ages)).toBeLessThanOrEqual(1500)
  expect(new Set(ages).size).toBeGreaterThan(50)
})
