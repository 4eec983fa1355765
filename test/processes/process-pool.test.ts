import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Member } from '../../src/processes/member.ts'
import { ProcessPool } from '../../src/processes/process-pool.ts'

interface Failure {
  readonly reason: string
}

class FakeMember implements Member<Failure> {
  generation = 0
  readonly startedAt = performance.now()
  readonly omitted = 0
  served = 0
  load = 0
  ready = true
  readonly loaded: Promise<Failure | undefined>

  constructor(loaded: Promise<Failure | undefined>) {
    this.loaded = loaded
  }
}

/** A pool whose members are controlled by the test; its calls are recorded. */
class FakePool {
  readonly launchedAt: number[] = []
  readonly calls: string[] = []
  readonly pool: ProcessPool<FakeMember, Failure>
  failure: Failure | undefined
  /** Processes that are started for one place, until one of them is ready. */
  tries = 1
  /** Makes those ready that were started since `hold`. */
  release = (): void => {}
  #held = Promise.resolve()

  constructor(size: number, startAnyway = false, keepsOld = true) {
    this.pool = new ProcessPool({
      size,
      startAnyway,
      retries: true,
      keepsOld,
      launch: (_aim, failed) => {
        if (failed.length >= this.tries) return Promise.resolve(undefined)
        this.launchedAt.push(performance.now())
        return Promise.resolve({ member: new FakeMember(this.#held.then(() => this.failure)) })
      },
      admit: () => void this.calls.push('admit'),
      dismiss: () => void this.calls.push('dismiss'),
      retire: (_member, reason) => Promise.resolve(void this.calls.push(`retire ${reason}`)),
      discard: () => void this.calls.push('discard'),
      report: ({ reason }, repeated) =>
        void this.calls.push(`report ${reason}${repeated ? ' again' : ''}`),
      onNoneLeft: ({ reason }) => void this.calls.push(`none left: ${reason}`),
      toError: ({ reason }) => new Error(reason),
      isSame: (one, other) => one.reason === other.reason,
    })
  }

  hold(): void {
    this.#held = new Promise((resolve) => {
      this.release = resolve
    })
  }

  /** Makes those ready at once that are started from now on; those that wait still do. */
  letThrough(): void {
    this.#held = Promise.resolve()
  }

  get first(): FakeMember {
    const [first] = this.pool.active
    if (first === undefined) throw new Error('nobody works')
    return first
  }
}

const BROKEN: Failure = { reason: 'broken' }

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

test('a process that never loads is started fewer than 10 times in 10 seconds, and reported once', async () => {
  const fake = new FakePool(1, true)
  fake.failure = BROKEN
  await fake.pool.start()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(fake.launchedAt.length).toBeGreaterThan(3)
  expect(fake.launchedAt.length).toBeLessThan(10)
  expect(fake.calls.filter((call) => call === 'report broken')).toHaveLength(1)
  fake.failure = undefined
  await vi.advanceTimersByTimeAsync(30_000)
  expect(fake.pool.active.size).toBe(1)
  expect(fake.pool.failure).toBeUndefined()
})

test('after a failure one process is started at a time, and all missing ones once it is ready', async () => {
  const fake = new FakePool(3)
  await fake.pool.start()
  fake.hold()
  while (fake.pool.active.size > 0) {
    fake.pool.lose(fake.first)
    await vi.advanceTimersByTimeAsync(5000)
  }
  expect(fake.launchedAt).toHaveLength(4)
  fake.release()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(fake.pool.active.size).toBe(3)
})

test('a start goes on without what made the last process fail, and reports that', async () => {
  const fake = new FakePool(1)
  fake.tries = 3
  fake.failure = BROKEN
  const started = fake.pool.start()
  await Promise.resolve()
  await expect(started).rejects.toThrow('broken')
  expect(fake.launchedAt).toHaveLength(3)
  expect(fake.calls).toEqual([
    'discard',
    'report broken',
    'discard',
    'report broken again',
    'discard',
    'none left: broken',
  ])
})

test('a process that has worked is replaced at once, another one after a pause', async () => {
  const fake = new FakePool(1)
  await fake.pool.start()
  fake.first.served = 1
  fake.pool.lose(fake.first)
  await vi.advanceTimersByTimeAsync(0)
  expect(fake.launchedAt[1]).toBe(fake.launchedAt[0])
  for (let deaths = 0; deaths < 4; deaths++) {
    fake.pool.lose(fake.first)
    await vi.advanceTimersToNextTimerAsync()
  }
  const pauses = fake.launchedAt.slice(2).map((at) => at - (fake.launchedAt[0] ?? 0))
  expect(pauses).toEqual([1, 251, 751, 1751].map((at) => expect.closeTo(at, -1)))
})

test('a closed pool starts and replaces no process', async () => {
  const fake = new FakePool(2)
  await fake.pool.start()
  fake.pool.close()
  fake.pool.lose(fake.first)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(fake.launchedAt).toHaveLength(2)
  await expect(fake.pool.reload()).rejects.toMatchObject({ code: 'STOPPING' })
})

test('a reload replaces all processes', async () => {
  const fake = new FakePool(2)
  await fake.pool.start()
  const old = [...fake.pool.active]
  const reloading = fake.pool.reload()
  await vi.advanceTimersByTimeAsync(0)
  await reloading
  expect([...fake.pool.active].some((member) => old.includes(member))).toBe(false)
  expect(fake.calls.filter((call) => call === 'retire reload')).toHaveLength(2)
})

test('where the newest is wanted, a reload that fails ends the old processes, and is tried again', async () => {
  const fake = new FakePool(2, true, false)
  await fake.pool.start()
  fake.failure = BROKEN
  await expect(fake.pool.reload()).rejects.toThrow('broken')
  expect(fake.pool.active.size).toBe(0)
  expect(fake.pool.failure).toBe(BROKEN)
  expect(fake.calls.filter((call) => call === 'retire reload')).toHaveLength(2)
  expect(fake.calls).toContain('none left: broken')
  fake.failure = undefined
  await vi.advanceTimersByTimeAsync(2000)
  expect(fake.pool.active.size).toBe(2)
})

test('a reload that fails keeps the old processes', async () => {
  const fake = new FakePool(2)
  await fake.pool.start()
  const old = [...fake.pool.active]
  fake.failure = BROKEN
  await expect(fake.pool.reload()).rejects.toThrow('broken')
  expect([...fake.pool.active]).toEqual(old)
  expect(fake.calls).not.toContain('none left: broken')
})

test('a reload gives up what another one has started, and both settle with the newer code', async () => {
  const fake = new FakePool(2)
  await fake.pool.start()
  const old = [...fake.pool.active]
  fake.hold()
  const reloads = [fake.pool.reload()]
  await vi.advanceTimersByTimeAsync(0)
  fake.letThrough()
  fake.calls.length = 0
  reloads.push(fake.pool.reload())
  await Promise.all(reloads)
  expect(fake.launchedAt).toHaveLength(6)
  expect(fake.calls.filter((call) => call === 'discard')).toHaveLength(2)
  expect([...fake.pool.active].some((member) => old.includes(member))).toBe(false)
  // Too late: they are neither admitted nor counted.
  fake.release()
  await vi.advanceTimersByTimeAsync(0)
  expect(fake.pool.active.size).toBe(2)
})

test('a reload gives up what was ready for an older one, and tells only its own failure', async () => {
  const fake = new FakePool(1)
  await fake.pool.start()
  const old = [...fake.pool.active]
  const first = fake.pool.reload()
  fake.failure = BROKEN
  const second = fake.pool.reload()
  await expect(first).rejects.toThrow('broken')
  await expect(second).rejects.toThrow('broken')
  expect([...fake.pool.active]).toEqual(old)
  expect(fake.calls.filter((call) => call.startsWith('report'))).toEqual(['report broken'])
})

test('a reload gives up what fills a gap', async () => {
  const fake = new FakePool(1)
  await fake.pool.start()
  fake.hold()
  fake.first.served = 1
  fake.pool.lose(fake.first)
  await vi.advanceTimersByTimeAsync(0)
  fake.letThrough()
  await fake.pool.reload()
  await vi.advanceTimersByTimeAsync(0)
  expect(fake.launchedAt).toHaveLength(3)
  expect(fake.calls.filter((call) => call === 'discard')).toHaveLength(1)
  expect(fake.pool.active.size).toBe(1)
})

test('a larger pool starts what is missing, a smaller one retires those with the least work', async () => {
  const fake = new FakePool(1)
  await fake.pool.start()
  fake.pool.resize(3)
  await vi.advanceTimersByTimeAsync(0)
  expect(fake.pool.active.size).toBe(3)
  const [first, second, third] = fake.pool.active
  if (first !== undefined) first.load = 2
  if (third !== undefined) third.load = 1
  fake.pool.resize(2)
  expect([...fake.pool.active]).toEqual([first, third])
  fake.pool.resize(1)
  expect([...fake.pool.active]).toEqual([first])
  fake.pool.lose(fake.first)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(fake.pool.active.size).toBe(1)
  expect(second).toBeDefined()
})

test('a pool that shrinks while members start gives those up that are too many', async () => {
  const fake = new FakePool(1)
  await fake.pool.start()
  fake.hold()
  fake.pool.resize(4)
  await vi.advanceTimersByTimeAsync(0)
  fake.pool.resize(2)
  await vi.advanceTimersByTimeAsync(0)
  fake.release()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(fake.pool.active.size).toBe(2)
  expect(fake.calls.filter((call) => call === 'admit')).toHaveLength(2)
})

test('a pool of none replaces nothing, forgets failures, and proves what a reload brings', async () => {
  const fake = new FakePool(2, true)
  fake.failure = BROKEN
  await fake.pool.start()
  expect(fake.pool.failure).toBe(BROKEN)
  fake.pool.resize(0)
  const launched = fake.launchedAt.length
  await vi.advanceTimersByTimeAsync(60_000)
  expect(fake.launchedAt).toHaveLength(launched)
  expect(fake.pool.failure).toBeUndefined()
  await expect(fake.pool.reload()).rejects.toThrow('broken')
  expect(fake.pool.failure).toBeUndefined()
  fake.failure = undefined
  await fake.pool.reload()
  expect(fake.launchedAt).toHaveLength(launched + 2)
  expect(fake.pool.active.size).toBe(0)
  fake.pool.resize(2)
  await vi.advanceTimersByTimeAsync(0)
  expect(fake.pool.active.size).toBe(2)
})

test('a size that changes during a start or a reload takes effect after it', async () => {
  const fake = new FakePool(1)
  fake.hold()
  const started = fake.pool.start()
  fake.pool.resize(2)
  fake.release()
  await started
  fake.letThrough()
  await vi.advanceTimersByTimeAsync(0)
  expect(fake.pool.active.size).toBe(2)
  const reloaded = fake.pool.reload()
  fake.pool.resize(3)
  await reloaded
  await vi.advanceTimersByTimeAsync(0)
  expect(fake.pool.active.size).toBe(3)
})

test('members whose time has come serve until their successors are ready, one after the other', async () => {
  const fake = new FakePool(2)
  await fake.pool.start()
  const [one, other] = [...fake.pool.active]
  if (one === undefined || other === undefined) throw new Error('nobody works')
  fake.hold()
  fake.calls.splice(0)
  fake.pool.succeed(one, 'maximum_requests')
  fake.pool.succeed(other, 'memory')
  fake.pool.succeed(one, 'memory')
  await vi.advanceTimersByTimeAsync(60_000)
  expect([fake.launchedAt.length, fake.pool.active.has(one), fake.calls]).toEqual([3, true, []])
  fake.release()
  fake.hold()
  await vi.advanceTimersByTimeAsync(1000)
  expect(fake.calls).toEqual(['admit', 'dismiss', 'retire maximum_requests'])
  expect([fake.launchedAt.length, fake.pool.active.has(other)]).toEqual([4, true])
  fake.release()
  await vi.advanceTimersByTimeAsync(1000)
  expect(fake.calls.slice(3)).toEqual(['admit', 'dismiss', 'retire memory'])
  await vi.advanceTimersByTimeAsync(60_000)
  expect([fake.launchedAt.length, fake.pool.active.size]).toEqual([4, 2])
})

test('a member without a successor that can be started goes on, and others are tried later', async () => {
  const fake = new FakePool(1)
  await fake.pool.start()
  const { first } = fake
  fake.calls.splice(0)
  fake.failure = BROKEN
  fake.pool.succeed(first, 'restart_interval')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(fake.pool.active.has(first)).toBe(true)
  expect(fake.launchedAt.length).toBeGreaterThan(3)
  expect(fake.launchedAt.length).toBeLessThan(10)
  expect(fake.calls.filter((call) => call === 'report broken')).toHaveLength(1)
  expect(fake.pool.failure).toBeUndefined()
  fake.failure = undefined
  await vi.advanceTimersByTimeAsync(30_000)
  expect(fake.calls.slice(-3)).toEqual(['admit', 'dismiss', 'retire restart_interval'])
  expect(fake.pool.active.size).toBe(1)
})

test('a member that dies before its successor is ready is replaced by that alone', async () => {
  const fake = new FakePool(1)
  await fake.pool.start()
  const { first } = fake
  fake.hold()
  fake.pool.succeed(first, 'eviction')
  await vi.advanceTimersByTimeAsync(100)
  fake.pool.lose(first)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(fake.launchedAt).toHaveLength(2)
  fake.release()
  await vi.advanceTimersByTimeAsync(100)
  expect([fake.launchedAt.length, fake.pool.active.size]).toEqual([2, 1])
})

test('a reload comes before successors', async () => {
  const fake = new FakePool(1)
  await fake.pool.start()
  fake.hold()
  fake.pool.succeed(fake.first, 'eviction')
  await vi.advanceTimersByTimeAsync(100)
  const reload = fake.pool.reload()
  fake.release()
  await vi.advanceTimersByTimeAsync(60_000)
  await reload
  expect(fake.calls.filter((call) => call.startsWith('retire'))).toEqual(['retire reload'])
  expect(fake.pool.active.size).toBe(1)
})
