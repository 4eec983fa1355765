import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { Scheduler } from '../../../src/backends/group/scheduler.ts'
import { WorkerCapacity } from '../../../src/backends/group/worker-capacity.ts'
import { HeldResponses } from '../../../src/backends/link/held-responses.ts'
import { StreamLink } from '../../../src/backends/link/stream-link.ts'
import { ThreadLink } from '../../../src/backends/link/thread-link.ts'
import type { Isolation } from '../../../src/core/isolation.ts'
import type { Invocation } from '../../../src/core/upstream.ts'
import { encodeFrame, FrameType } from '../../../src/wire/frames.ts'
import { labApplication } from '../../support/backend-lab.ts'
import {
  FakeCarrier,
  FakeThread,
  HEAD_PAYLOAD,
  streamAnswer,
  threadAnswer,
} from '../../support/fake-links.ts'
import { createPlainExchange, type PlainExchange } from '../../support/plain-exchange.ts'

const INVOCATION = { application: 'app', scriptName: '', pathInfo: '/' }
// After that many short requests, those of an application are pipelined.
const WARM_UP = 40

/** A fake worker: the test controls its threads and its loop. */
class FakeWorker {
  readonly threads: readonly FakeThread[]
  readonly carrier = new FakeCarrier()
  readonly capacity: WorkerCapacity
  /** Threads whose pipelined requests were recalled. */
  readonly recalled: ThreadLink[] = []

  constructor(scheduler: Scheduler, threads: number, interfaces: readonly string[]) {
    const { failures, times } = scheduler
    const common = { pid: 1, label: 'web/1', failures, times, requestBuffer: 1000 }
    const held = new HeldResponses({ response: 1000, responseTotal: 1000 })
    this.threads = Array.from({ length: threads }, () => new FakeThread())
    const links = this.threads.map(
      (socket, index) =>
        new ThreadLink(index, socket, {
          ...common,
          held,
          onFree: (link, application) => scheduler.release(this.capacity, link, application),
          onLost: () => {},
          underPressure: () => scheduler.waiting > 0,
        }),
    )
    const loop = new StreamLink(this.carrier, {
      ...common,
      cancelOnDisconnect: false,
      onOverdue: () => {},
      isAsgi: ({ application, invocation }) =>
        this.capacity.isAsgi(application, invocation.interface),
      onFree: (application) => scheduler.releaseStream(this.capacity, application),
      onLost: () => {},
    })
    this.capacity = new WorkerCapacity(links, loop, (link) => {
      link.startRecall()
      this.recalled.push(link)
    })
    this.capacity.interfaces = interfaces
    scheduler.add(this.capacity)
  }

  /** Number of requests sent to each thread. */
  get asked(): number[] {
    return this.threads.map((thread) => serialsOf(thread).length)
  }

  /** Number of requests sent to the event loop. */
  get streams(): number {
    return this.carrier.sent.of(FrameType.REQUEST).length
  }

  /** A thread answers its request after `took` microseconds. */
  async answer(thread: number, took = 5000): Promise<void> {
    await this.threads[thread]?.deliver(...threadAnswer('ok', took))
  }

  async answerStream(stream: number): Promise<void> {
    await this.carrier.deliver(streamAnswer(stream, 'ok'))
  }
}

function serialsOf({ sent }: FakeThread): number[] {
  return sent.of(FrameType.REQUEST).map(({ tag }) => tag)
}

interface Options {
  readonly limit?: number
  readonly threads?: number
  readonly concurrency?: number
  readonly isolation?: Isolation
  readonly applications?: readonly Parameters<typeof labApplication>[0][]
}

function createScheduler(options: Options = {}): Scheduler {
  const { limit = 100, threads = 2, concurrency = 100, applications = [{}] } = options
  const { isolation = 'shared' } = options
  return new Scheduler({
    applications: applications.map(labApplication),
    queue: { limit, timeout: 0 },
    concurrency,
    threads,
    isolation,
  })
}

function submit(
  scheduler: Scheduler,
  application = 0,
  invocation: Invocation = INVOCATION,
): PlainExchange {
  const exchange = createPlainExchange()
  scheduler.submit(exchange, invocation, application)
  return exchange
}

async function warmUp(scheduler: Scheduler, worker: FakeWorker): Promise<void> {
  for (let i = 0; i < WARM_UP; i++) {
    submit(scheduler)
    await worker.answer(0, 10)
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a request with its own interface', () => {
  const WSGI = { ...INVOCATION, interface: 'wsgi' } as const
  const ASGI = { ...INVOCATION, interface: 'asgi' } as const

  test('gets a thread or the event loop, whatever interface was detected', async () => {
    const scheduler = createScheduler({ applications: [{}, {}] })
    const worker = new FakeWorker(scheduler, 2, ['wsgi', 'asgi'])
    submit(scheduler, 0, ASGI)
    expect(worker.asked).toEqual([0, 0])
    submit(scheduler, 1, WSGI)
    expect(worker.asked).toEqual([1, 0])
    submit(scheduler, 0)
    submit(scheduler, 1)
    await setImmediate()
    expect([worker.asked, worker.streams]).toEqual([[1, 1], 2])
    expect(scheduler.isAsgi(0, ASGI)).toBe(true)
    expect(scheduler.isAsgi(1, WSGI)).toBe(false)
    expect([scheduler.isAsgi(0, INVOCATION), scheduler.isAsgi(1, INVOCATION)]).toEqual([
      false,
      true,
    ])
  })

  test('waits for those only, in its order', async () => {
    const scheduler = createScheduler({ concurrency: 1 })
    const worker = new FakeWorker(scheduler, 1, ['wsgi'])
    for (const invocation of [INVOCATION, ASGI, WSGI, ASGI, INVOCATION])
      submit(scheduler, 0, invocation)
    expect([worker.asked, scheduler.waiting]).toEqual([[1], 3])
    await worker.answerStream(1)
    await setImmediate()
    expect([worker.asked, worker.streams, scheduler.waiting]).toEqual([[1], 2, 2])
    await worker.answer(0)
    await worker.answer(0)
    expect([worker.asked, worker.streams, scheduler.waiting]).toEqual([[3], 2, 0])
  })
})

describe('threads', () => {
  test('get requests from the worker with most idle ones', async () => {
    const scheduler = createScheduler()
    const workers = [
      new FakeWorker(scheduler, 2, ['wsgi']),
      new FakeWorker(scheduler, 2, ['wsgi']),
    ] as const
    for (let i = 0; i < 4; i++) submit(scheduler)
    expect(workers.map(({ asked }) => asked)).toEqual([
      [1, 1],
      [1, 1],
    ])
    expect([scheduler.capacity, scheduler.waiting]).toEqual([{ idle: 0, total: 4 }, 0])
    await workers[1].answer(1)
    expect(scheduler.capacity).toEqual({ idle: 1, total: 4 })
  })

  test('get waiting requests in the order of their arrival', async () => {
    const scheduler = createScheduler({ applications: [{}, {}] })
    const worker = new FakeWorker(scheduler, 1, ['wsgi', 'wsgi'])
    const exchanges = [0, 1, 0, 1, 1, 0].map((application) => submit(scheduler, application))
    const order: PlainExchange[] = []
    for (const exchange of exchanges) exchange.onFinish(() => order.push(exchange))
    for (let i = 0; i < exchanges.length; i++) await worker.answer(0)
    expect(order).toEqual(exchanges)
    expect(exchanges.map(({ answer }) => answer.head?.status)).toEqual(Array(6).fill(200))
  })

  test('of a new worker get waiting requests', () => {
    const scheduler = createScheduler()
    const exchanges = [submit(scheduler), submit(scheduler), submit(scheduler)]
    expect(scheduler.waiting).toBe(3)
    expect(new FakeWorker(scheduler, 2, ['wsgi']).asked).toEqual([1, 1])
    expect(scheduler.waiting).toBe(1)
    expect(exchanges.map(({ notes }) => notes.worker)).toEqual(['web/1', 'web/1', ''])
  })

  test('of a removed worker get no requests', async () => {
    const scheduler = createScheduler()
    const worker = new FakeWorker(scheduler, 1, ['wsgi'])
    submit(scheduler)
    submit(scheduler)
    scheduler.remove(worker.capacity)
    await worker.answer(0)
    expect([worker.asked, scheduler.waiting]).toEqual([[1], 1])
  })

  test('have one request at a time of an application that is not thread-safe', async () => {
    const scheduler = createScheduler({ applications: [{ multithread: false }, {}] })
    const worker = new FakeWorker(scheduler, 2, ['wsgi', 'wsgi'])
    submit(scheduler, 0)
    submit(scheduler, 0)
    expect([worker.asked, scheduler.waiting]).toEqual([[1, 0], 1])
    submit(scheduler, 1)
    expect([worker.asked, scheduler.waiting]).toEqual([[1, 1], 1])
    await worker.answer(1)
    expect(scheduler.waiting).toBe(1)
    await worker.answer(0)
    expect(scheduler.waiting).toBe(0)
  })

  test('do not wait for slow clients when other requests need them', async () => {
    const scheduler = createScheduler()
    const worker = new FakeWorker(scheduler, 1, ['wsgi'])
    const exchange = submit(scheduler)
    exchange.slow = true
    const [serial] = worker.threads.flatMap(serialsOf)
    const piece = encodeFrame(FrameType.DATA, 0, Buffer.from('piece'), serial)
    await worker.threads[0]?.deliver(encodeFrame(FrameType.HEAD, 0, HEAD_PAYLOAD, 200), piece)
    await worker.threads[0]?.deliver(piece)
    expect(String(exchange.answer.body)).toBe('piece')
    submit(scheduler)
    await expect.poll(() => String(exchange.answer.body)).toBe('piecepiece')
  })
})

describe('the queue', () => {
  test('refuses requests beyond its limit, and does not count clients that have disconnected', () => {
    const scheduler = createScheduler({ limit: 2 })
    const waiting = [submit(scheduler), submit(scheduler)] as const
    expect(submit(scheduler).answer.head?.status).toBe(503)
    waiting[0].leave()
    expect(submit(scheduler).answer.head).toBeUndefined()
    expect([scheduler.waiting, waiting[1].answer.head]).toEqual([2, undefined])
  })

  test('answers requests that have waited too long', () => {
    const scheduler = createScheduler()
    const early = submit(scheduler)
    vi.advanceTimersByTime(1000)
    const late = submit(scheduler)
    vi.advanceTimersByTime(1000)
    scheduler.expire(performance.now() - 1500)
    expect([early.answer.head?.status, late.answer.head?.status]).toEqual([504, undefined])
    expect(scheduler.waiting).toBe(1)
  })

  test('puts a returned request first', async () => {
    const scheduler = createScheduler()
    const worker = new FakeWorker(scheduler, 1, ['wsgi'])
    submit(scheduler)
    const waiting = submit(scheduler)
    const exchange = createPlainExchange()
    scheduler.resubmit({ exchange, invocation: INVOCATION, application: 0, body: undefined })
    await worker.answer(0)
    expect([exchange.notes.worker, waiting.notes.worker]).toEqual(['web/1', ''])
  })
})

describe('event loops', () => {
  test('with the fewest requests get the next one, up to the limit, and waiting ones when one ends', async () => {
    const scheduler = createScheduler({ concurrency: 2, applications: [{ interface: 'asgi' }] })
    const workers = [
      new FakeWorker(scheduler, 1, ['asgi']),
      new FakeWorker(scheduler, 1, ['asgi']),
    ] as const
    const exchanges = Array.from({ length: 5 }, () => submit(scheduler))
    await workers[0].carrier.deliver()
    expect(workers.map(({ streams }) => streams)).toEqual([2, 2])
    expect([scheduler.waiting, scheduler.capacity]).toEqual([1, { idle: 0, total: 4 }])
    await workers[1].answerStream(1)
    expect([workers[1].streams, scheduler.waiting]).toEqual([3, 0])
    expect(exchanges.filter(({ answer }) => answer.head?.status === 200).length).toBe(1)
  })
})

describe('short requests', () => {
  test('are pipelined to a busy thread, and recalled from one that is stuck', async () => {
    const scheduler = createScheduler()
    const worker = new FakeWorker(scheduler, 2, ['wsgi'])
    await warmUp(scheduler, worker)
    const before = worker.asked
    const exchanges = [submit(scheduler), submit(scheduler), submit(scheduler)]
    await worker.threads[0]?.deliver()
    expect(worker.asked).toEqual([(before[0] ?? 0) + 3, before[1]])
    vi.advanceTimersByTime(5)
    const [link] = worker.recalled
    expect(worker.recalled.length).toBe(1)
    const serials = worker.threads.slice(0, 1).flatMap(serialsOf).slice(-2)
    for (const request of link?.takeRecalled(serials).toReversed() ?? [])
      scheduler.resubmit(request)
    expect([worker.asked[1], scheduler.waiting]).toEqual([(before[1] ?? 0) + 1, 1])
    await worker.answer(1)
    await worker.answer(1)
    expect(exchanges.map(({ answer }) => answer.head?.status)).toEqual([undefined, 200, 200])
  })

  test('are not pipelined where each has a process of its own', async () => {
    const scheduler = createScheduler({ isolation: 'fresh' })
    const worker = new FakeWorker(scheduler, 2, ['wsgi'])
    await warmUp(scheduler, worker)
    const before = worker.asked
    for (let count = 0; count < 3; count += 1) submit(scheduler)
    expect(worker.asked).toEqual(before.map((count) => count + 1))
    expect(scheduler.waiting).toBe(1)
  })

  test('are not pipelined while the last ones were long', async () => {
    const scheduler = createScheduler()
    const worker = new FakeWorker(scheduler, 2, ['wsgi'])
    await warmUp(scheduler, worker)
    submit(scheduler)
    await worker.answer(0, 5000)
    const before = worker.asked
    submit(scheduler)
    submit(scheduler)
    expect(worker.asked).toEqual(before.map((count) => count + 1))
  })
})
