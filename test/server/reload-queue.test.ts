import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { ReloadQueue } from '../../src/server/reload-queue.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** Reloads that take `ms` unless a newer one begins meanwhile. */
function countReloads(ms: number): { begun: number; ended: number; reload: () => Promise<void> } {
  const counted = {
    begun: 0,
    ended: 0,
    reload: (): Promise<void> => {
      const number = ++counted.begun
      return new Promise((resolve) => {
        setTimeout(() => {
          if (number === counted.begun) counted.ended++
          resolve()
        }, ms)
      })
    },
  }
  return counted
}

test('calls during a reload share the next one', async () => {
  const counted = countReloads(500)
  const queue = new ReloadQueue(counted.reload)
  const calls = Array.from({ length: 12 }, () => queue.request())
  await vi.advanceTimersByTimeAsync(1000)
  await Promise.all(calls)
  expect(counted).toMatchObject({ begun: 2, ended: 2 })
})

test('one that takes longer than a second is given up for the next', async () => {
  const counted = countReloads(60_000)
  const queue = new ReloadQueue(counted.reload)
  void queue.request()
  void queue.request()
  await vi.advanceTimersByTimeAsync(1100)
  expect(counted.begun).toBe(2)
})

test('calls that come more often than a reload takes let some of them end', async () => {
  const counted = countReloads(3000)
  const queue = new ReloadQueue(counted.reload)
  for (let second = 0; second < 20; second++) {
    void queue.request()
    await vi.advanceTimersByTimeAsync(1000)
  }
  expect(counted.ended).toBeGreaterThan(2)
})
