import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import type { Aim, Launch, Member } from '../../src/processes/member.ts'
import { ProcessPool } from '../../src/processes/process-pool.ts'

interface Failure {
  readonly reason: string
}

class FakeMember implements Member<Failure> {
  generation = 0
  readonly startedAt = 0
  readonly served = 0
  readonly load = 0
  readonly ready = true
  readonly loaded: Promise<undefined>
  omitted: number

  constructor(omitted: number, hangs: boolean) {
    this.omitted = omitted
    this.loaded = hangs ? new Promise(() => {}) : Promise.resolve(undefined)
  }
}

/** A pool whose members are made by the test. */
class FakePool {
  readonly aims: Aim[] = []
  readonly retired: FakeMember[] = []
  readonly discarded: FakeMember[] = []
  readonly pool: ProcessPool<FakeMember, Failure>
  /** What the next attempts come to: omitted, or a failure. */
  next: number | Failure = 0
  /** The next ones never get ready. */
  hangs = false

  constructor(size: number, retries = true) {
    this.pool = new ProcessPool({
      size,
      startAnyway: false,
      retries,
      keepsOld: true,
      launch: (aim, failed) => Promise.resolve(failed.length > 0 ? undefined : this.#launch(aim)),
      admit: () => {},
      dismiss: () => {},
      retire: (member) => Promise.resolve(void this.retired.push(member)),
      discard: (member) => void this.discarded.push(member),
      report: () => {},
      onNoneLeft: () => {},
      toError: ({ reason }) => new Error(reason),
      isSame: (one, other) => one.reason === other.reason,
    })
  }

  get omitted(): number[] {
    return [...this.pool.active].map(({ omitted }) => omitted)
  }

  #launch(aim: Aim): Launch<FakeMember, Failure> {
    this.aims.push(aim)
    return typeof this.next === 'number'
      ? { member: new FakeMember(this.next, this.hangs) }
      : { failure: this.next }
  }
}

const BROKEN: Failure = { reason: 'still broken' }

describe('members that do not serve every application', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  async function startWith(omitted: number, size = 1): Promise<FakePool> {
    const fake = new FakePool(size)
    fake.next = omitted
    await fake.pool.start()
    return fake
  }

  test('are replaced one after the other by better ones', async () => {
    const fake = await startWith(1, 3)
    expect(fake.omitted).toEqual([1, 1, 1])
    fake.next = 0
    await vi.runAllTimersAsync()
    expect(fake.omitted).toEqual([0, 0, 0])
    expect(fake.aims).toEqual(['start', 'start', 'start', 'repair', 'repair', 'repair'])
    expect(fake.retired).toHaveLength(3)
  })

  test('continue while no better one can be started, which is tried with growing pauses', async () => {
    const fake = await startWith(2)
    fake.next = BROKEN
    await vi.advanceTimersByTimeAsync(60_000)
    // At 0, 0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75 s.
    expect(fake.aims.filter((aim) => aim === 'repair')).toHaveLength(9)
    expect(fake.omitted).toEqual([2])
    expect(fake.retired).toEqual([])
  })

  test('are not replaced by others that are not better', async () => {
    const fake = await startWith(1)
    await vi.advanceTimersByTimeAsync(1000)
    expect(fake.discarded).toHaveLength(4)
    expect(fake.retired).toEqual([])
    fake.pool.close()
    await vi.runAllTimersAsync()
    expect(fake.aims).toHaveLength(5)
  })

  test('are replaced at once when their applications change', async () => {
    const fake = await startWith(1)
    fake.next = BROKEN
    await vi.advanceTimersByTimeAsync(20_000)
    const tried = fake.aims.length
    fake.next = 0
    fake.pool.reassess()
    await vi.advanceTimersByTimeAsync(0)
    expect(fake.aims).toHaveLength(tried + 1)
    expect(fake.omitted).toEqual([0])
  })

  test('are replaced at once when what they lack changes, also while that is tried', async () => {
    const fake = await startWith(1)
    fake.hangs = true
    await vi.advanceTimersByTimeAsync(0)
    fake.pool.retry('app 1')
    await vi.advanceTimersByTimeAsync(0)
    // What others find is no other change.
    fake.pool.retry('app 1')
    await vi.advanceTimersByTimeAsync(20_000)
    expect(fake.aims).toEqual(['start', 'repair', 'repair'])
    fake.hangs = false
    fake.next = 0
    fake.pool.retry('app 2')
    await vi.advanceTimersByTimeAsync(0)
    expect(fake.omitted).toEqual([0])
    expect(fake.discarded).toHaveLength(2)
  })

  test('do not keep a reload waiting for what was to replace them', async () => {
    const fake = await startWith(1)
    fake.hangs = true
    await vi.advanceTimersByTimeAsync(0)
    fake.hangs = false
    await fake.pool.reload()
    await vi.advanceTimersByTimeAsync(0)
    expect(fake.aims).toEqual(['start', 'repair', 'renew', 'repair'])
    expect(fake.discarded).toHaveLength(2)
  })

  test('that recover are not replaced', async () => {
    const fake = await startWith(1)
    for (const member of fake.pool.active) member.omitted = 0
    fake.pool.reassess()
    await vi.runAllTimersAsync()
    expect(fake.aims).toEqual(['start'])
  })

  test('are left alone when the parent process replaces them', async () => {
    const fake = new FakePool(1, false)
    fake.next = 1
    await fake.pool.start()
    await vi.runAllTimersAsync()
    expect(fake.aims).toEqual(['start'])
  })
})
