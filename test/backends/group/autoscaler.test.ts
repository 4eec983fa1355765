import { expect, test } from 'vitest'

import { Autoscaler, type Need, type ScaledGroup } from '../../../src/backends/group/autoscaler.ts'
import type { Scaling } from '../../../src/core/process-group.ts'

const RANGE: Scaling = { min: 0, max: 8, idle: 10_000 }

/** A group with four threads in each worker, which starts workers when the test says so. */
class Group implements ScaledGroup {
  size = 1
  readonly sizes: number[] = []
  readonly told: string[] = []
  readonly #scaler: Autoscaler
  #need: Need = { ...NOBODY }
  #now = 0

  constructor(scaling = RANGE) {
    const ignore = (): void => {}
    const info = (_fields: object, message: string): void => void this.told.push(message)
    const logger = { output: ignore, debug: ignore, info, warn: ignore, error: ignore }
    this.#scaler = new Autoscaler(this, { name: 'web', scaling, logger })
  }

  get need(): Need {
    return this.#need
  }

  resize(size: number): void {
    this.size = size
    this.sizes.push(size)
  }

  /** It looks as `need` says for `ms`. */
  spend(ms: number, need: Partial<Need> & { readonly waits?: number } = {}): void {
    for (const end = this.#now + ms; this.#now < end; this.#now += 100) {
      const { waits, ...rest } = need
      const waitingSince = waits === undefined ? undefined : this.#now - waits
      this.#need = { ...NOBODY, active: this.size, waitingSince, ...rest }
      this.#scaler.look(this.#now)
    }
  }
}

const NOBODY: Need = {
  active: 0,
  busy: 0,
  perWorker: 4,
  running: 0,
  waiting: 0,
  waitingSince: undefined,
  taken: 0,
}

test('a group grows by what waits, at most to twice its size and to its limit', () => {
  const group = new Group()
  group.spend(2000, { waiting: 100, running: 4, busy: 1, waits: 60 })
  expect(group.sizes).toEqual([2, 4, 8])
  expect(group.told[0]).toBe(
    'group web: 2 workers instead of 1, because a request has waited for 60 ms',
  )
})

test('a group grows by one worker for a few requests, and not before the last one is ready', () => {
  const group = new Group()
  group.spend(1000, { waiting: 3, running: 4, busy: 1, waits: 60, active: 1 })
  expect(group.sizes).toEqual([2])
  group.spend(200, { waiting: 3, running: 8, busy: 2, waits: 60 })
  expect(group.sizes).toEqual([2, 3])
})

test('a short wait and a single late look are no reason to grow', () => {
  const group = new Group()
  group.spend(2000, { waiting: 50, running: 4, busy: 1, waits: 40 })
  for (let burst = 0; burst < 10; burst++) {
    group.spend(100, { waiting: 50, running: 4, busy: 1, waits: 60 })
    group.spend(100, { running: 4, busy: 1 })
  }
  expect(group.sizes).toEqual([])
})

test('a group shrinks to what was needed at most within the time, and leaves the busy alone', () => {
  const group = new Group()
  group.resize(6)
  group.spend(5000, { running: 20, busy: 5 })
  group.spend(5000, { running: 9, busy: 3 })
  expect(group.sizes).toEqual([6, 5])
  group.spend(6000, { running: 5, busy: 4 })
  expect(group.sizes).toEqual([6, 5, 4])
  group.spend(12_000, { running: 1, busy: 1 })
  expect(group.sizes.at(-1)).toBe(1)
})

test('a group that gets a request within the time does not sleep, one without any does', () => {
  const group = new Group()
  for (let taken = 1; taken <= 10; taken++) group.spend(5000, { taken })
  expect(group.sizes).toEqual([])
  group.spend(11_000, { taken: 10 })
  expect(group.sizes).toEqual([0])
  expect(group.told).toEqual([
    'group web: 0 workers instead of 1, because no more were needed for 10 s',
  ])
})

test('a large group that falls asleep wakes with one worker', () => {
  const group = new Group()
  group.resize(4)
  group.spend(11_000)
  expect(group.sizes).toEqual([4, 1, 0])
})

test('a group keeps its least, and one that cannot start sleeps when nobody asks', () => {
  const least = new Group({ ...RANGE, min: 2 })
  least.resize(5)
  least.spend(30_000)
  expect(least.sizes).toEqual([5, 2])
  const broken = new Group()
  for (let taken = 1; taken <= 4; taken++) broken.spend(4000, { active: 0, taken })
  expect(broken.sizes).toEqual([])
  broken.spend(11_000, { active: 0, taken: 4 })
  expect(broken.sizes).toEqual([0])
})

test('workers that somebody has asked for stay for as long as needed ones', () => {
  const group = new Group()
  group.spend(12_000)
  expect(group.size).toBe(0)
  group.size = 3
  group.spend(9000)
  expect(group.size).toBe(3)
  group.spend(3000)
  expect(group.size).toBe(0)
})

test('changing load makes no group flap', () => {
  const group = new Group()
  for (let round = 0; round < 20; round++) {
    group.spend(1000, { waiting: 4, running: 4 * group.size, busy: group.size, waits: 60 })
    group.spend(3000, { running: 1, busy: 1 })
  }
  expect(group.sizes).toEqual([...group.sizes].toSorted((one, other) => one - other))
})
