import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { TaipanError } from '../../src/core/errors.ts'
import type { Logger } from '../../src/core/logger.ts'
import type { Cause } from '../../src/processes/cause.ts'
import type { Force, ProcessEnd } from '../../src/processes/process-end.ts'
import type { Ending, ProcessHandle } from '../../src/processes/process-handle.ts'
import type { Aim, Launch } from '../../src/processes/member.ts'
import { ProcessSupervisor } from '../../src/processes/process-supervisor.ts'
import {
  SupervisedProcess,
  type ProcessExit,
  type ProcessListener,
  type ReportedExit,
} from '../../src/processes/supervised-process.ts'
import type {
  FailureReport,
  Loss,
  ServiceNews,
  Subject,
} from '../../src/processes/supervisor-log.ts'

interface Failure {
  readonly reason: string
  /** What is not served; `thing a` by default. */
  readonly subject?: string
}

const ENDING_MS = 3000
const PATIENCE_MS = 10_000
const NO_LOGGER: Logger = {
  debug: () => {},
  output: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}
let pids = 0

/** A process that ends when it is asked to, or when the test says so. */
class FakeHandle implements ProcessHandle {
  readonly pid = ++pids
  readonly outputs = []
  readonly ended: Promise<ProcessEnd>
  force: Force = 'none'
  end: (end: ProcessEnd) => void = () => {}
  /** Time in ms that it takes to end. */
  delay = 0
  /** Grace period that it got. */
  grace: number | undefined

  constructor() {
    this.ended = new Promise((resolve) => {
      this.end = resolve
    })
  }

  async terminate({ grace, askToStop, exited }: Ending): Promise<Force> {
    this.grace = grace
    askToStop()
    if (this.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.delay))
    this.end({ code: 0, signal: null })
    await exited
    return this.force
  }

  kill(): void {
    this.end({ code: null, signal: 'SIGKILL' })
  }

  async abort(): Promise<void> {}
}

class FakeProcess extends SupervisedProcess<Failure> {
  readonly handle: FakeHandle
  readonly omitted = 0
  readonly #listener: ProcessListener<FakeProcess, ReportedExit>
  /** Why it cannot serve its subject. */
  unserved = ''
  retired = false
  askedPatience: number | undefined
  /** Finishes its requests. */
  drain: () => void = () => {}
  #drained = Promise.resolve()

  constructor(handle: FakeHandle, listener: ProcessListener<FakeProcess, ReportedExit>) {
    super(handle, { label: `fake/${handle.pid}`, logger: NO_LOGGER })
    this.handle = handle
    this.#listener = listener
  }

  begin(failure: Failure | undefined): void {
    if (failure === undefined) this.becomeReady()
    else this.fail(failure)
  }

  /** It has requests from now on. */
  occupy(): void {
    this.#drained = new Promise((resolve) => {
      this.drain = resolve
    })
  }

  drained(): Promise<void> {
    return this.#drained
  }

  retire(): void {
    this.retired = true
  }

  ping(): void {}

  protected askToStop(patience: number): void {
    this.askedPatience = patience
  }

  protected beforeForce(): void {}

  protected describeStartFailure(reason: string): Failure {
    return { reason }
  }

  protected async readRest(): Promise<void> {}

  protected release(): void {}

  protected tellUnhealthy(cause: Cause): void {
    this.#listener.onUnhealthy(this, cause)
  }

  protected tellDue(cause: Cause): void {
    this.#listener.onDue(this, cause)
  }

  protected tellExit(exit: ProcessExit): void {
    this.#listener.onExit(this, { ...exit, lastOutput: ['its last words'] })
  }
}

interface FakeOptions {
  readonly size?: number
  readonly retries?: boolean
  readonly tell?: (news: ServiceNews) => void
}

/** Keeps fake processes; its log records are in `records`. */
class FakeSupervisor extends ProcessSupervisor<FakeProcess, Failure, ReportedExit> {
  readonly records: [level: string, message: string, fields: object][]
  /** All processes, oldest first. */
  readonly started: FakeProcess[] = []
  next: Failure | undefined
  /** Duration of requests at a stop, in ms. */
  busy = 0

  constructor({ size = 1, retries = true, tell }: FakeOptions = {}) {
    const records: FakeSupervisor['records'] = []
    const logAt = (level: string) => (fields: object, message: string) =>
      void records.push([level, message, fields])
    const logger = {
      debug: logAt('debug'),
      output: logAt('output'),
      info: logAt('info'),
      warn: logAt('warn'),
      error: logAt('error'),
    }
    const facts = { group: 'web' }
    super({
      size,
      startAnyway: true,
      retries,
      keepsOld: true,
      logger,
      facts,
      tell,
      ending: ENDING_MS,
    })
    this.records = records
  }

  get first(): FakeProcess {
    const [first] = this.started
    if (first === undefined) throw new Error('nobody was started')
    return first
  }

  /** Logged messages, without debug messages. */
  get told(): string[] {
    return this.records
      .filter(([level]) => level !== 'debug')
      .map(([level, message]) => `${level}: ${message}`)
  }

  protected get patience(): number {
    return PATIENCE_MS
  }

  protected async launch(
    _aim: Aim,
    failed: readonly Failure[],
  ): Promise<Launch<FakeProcess, Failure> | undefined> {
    if (failed.length > 0) return undefined
    if (this.next?.reason === 'thrown') throw new Error(this.next.reason)
    const process = new FakeProcess(new FakeHandle(), this)
    this.started.push(process)
    process.begin(this.next)
    return { member: process }
  }

  protected toFailure(error: unknown): Failure {
    return { reason: String(error) }
  }

  protected toError({ reason }: Failure): TaipanError {
    return new TaipanError('INTERNAL', reason)
  }

  protected describeFailure({ reason, subject = 'thing a' }: Failure): FailureReport {
    return { message: reason, traceback: '', subject, facts: { code: 'INTERNAL' } }
  }

  protected describeLoss(): Loss {
    return { text: 'it had 2 things', facts: { things: 2 } }
  }

  protected keepFindings(): void {}

  protected listSubjects({ unserved: reason }: FakeProcess): Subject[] {
    const failure = reason === '' ? undefined : this.describeFailure({ reason })
    return [{ name: 'thing a', facts: { thing: 'a' }, failure }]
  }

  protected admit(): void {}

  protected dismiss(): void {}

  protected onNoneLeft(): void {}

  protected async finishWork(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.busy))
  }
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

async function start(options?: ConstructorParameters<typeof FakeSupervisor>[0]) {
  const supervisor = new FakeSupervisor(options)
  await supervisor.start()
  return supervisor
}

test('an unexpected death is logged with what was lost, and the process is replaced', async () => {
  const supervisor = await start()
  const { first } = supervisor
  first.handle.end({ code: null, signal: 'SIGSEGV' })
  await vi.advanceTimersByTimeAsync(0)
  expect(supervisor.records.filter(([level]) => level === 'error')).toEqual([
    [
      'error',
      `worker ${first.label} ended with signal SIGSEGV; it had 2 things`,
      {
        worker: first.label,
        exitCode: null,
        signal: 'SIGSEGV',
        things: 2,
        lastOutput: ['its last words'],
      },
    ],
  ])
  expect(supervisor.started).toHaveLength(2)
})

test('a retired process is asked to stop after its requests, with the rest of their time', async () => {
  const supervisor = await start()
  const { first } = supervisor
  first.occupy()
  await supervisor.reload()
  expect(first.retired).toBe(true)
  await vi.advanceTimersByTimeAsync(4000)
  expect(first.handle.grace).toBeUndefined()
  first.drain()
  await vi.advanceTimersByTimeAsync(0)
  expect(first.askedPatience).toBe(PATIENCE_MS - 4000)
  expect(first.handle.grace).toBe(PATIENCE_MS - 4000 + ENDING_MS)
  expect(supervisor.told).toEqual([])
})

test('a process whose requests do not finish is asked to stop when their time is over', async () => {
  const supervisor = await start()
  const { first } = supervisor
  first.occupy()
  await supervisor.reload()
  await vi.advanceTimersByTimeAsync(PATIENCE_MS)
  expect(first.handle.grace).toBe(ENDING_MS)
})

test('the time for requests at a stop is shared by waiting requests and processes', async () => {
  const supervisor = await start()
  supervisor.busy = 3000
  const stopping = supervisor.stop(1000)
  await vi.advanceTimersByTimeAsync(3000)
  await stopping
  expect(supervisor.first.askedPatience).toBe(PATIENCE_MS - 1000 - 3000)
  expect(supervisor.members.size).toBe(0)
})

test.each([
  ['SIGKILL', 'was ended by SIGKILL'],
  ['left', 'could not be ended; it still runs'],
] as const)('the force needed to end a process is logged: %s', async (force, text) => {
  const supervisor = await start()
  const { first } = supervisor
  first.handle.force = force
  const stopping = supervisor.stop()
  await vi.runAllTimersAsync()
  await stopping
  expect(supervisor.told).toEqual([
    `warn: worker ${first.label} did not stop when asked and ${text}`,
  ])
})

test('it is logged once, also when a stop comes while a reload ends the process', async () => {
  const supervisor = await start()
  const { first } = supervisor
  first.handle.force = 'SIGKILL'
  first.handle.delay = 1000
  await supervisor.reload()
  const stopping = supervisor.stop()
  await vi.runAllTimersAsync()
  await stopping
  expect(supervisor.told).toHaveLength(1)
})

test('an unhealthy process is logged and replaced, but not during a stop', async () => {
  const supervisor = await start({ size: 2 })
  const [one, other] = supervisor.started
  one?.declareUnhealthy({ reason: 'crash', text: 'was silent' })
  supervisor.prepareStop()
  other?.declareUnhealthy({ reason: 'crash', text: 'was silent' })
  await vi.advanceTimersByTimeAsync(0)
  expect(supervisor.told).toEqual([`warn: worker ${one?.label} was silent`])
  expect(supervisor.started).toHaveLength(3)
})

test('what cannot be served is logged once, and again when it is served', async () => {
  const supervisor = await start()
  const { first } = supervisor
  for (const reason of ['broken', 'broken', '', '']) {
    first.unserved = reason
    supervisor.onFound(first)
  }
  expect(supervisor.told).toEqual(['error: broken', 'info: thing a is served now'])
})

test.each([true, false])(
  'what a replaced process cannot serve is logged once, whether its successor can: %s',
  async (canServe) => {
    const supervisor = await start()
    const { first } = supervisor
    first.occupy()
    await supervisor.reload()
    first.unserved = 'broken'
    supervisor.onFound(first)
    expect(supervisor.told).toEqual(['error: broken'])
    const [, second] = supervisor.started
    if (second === undefined) throw new Error('nobody has replaced it')
    second.unserved = canServe ? '' : 'broken'
    if (!canServe) supervisor.onFound(second)
    first.drain()
    await first.exited
    const last = canServe ? ['info: thing a is served now'] : []
    expect(supervisor.told).toEqual(['error: broken', ...last])
  },
)

test.each(['thrown', 'not to be loaded'])(
  'a failure to start is logged once until a reload: %s',
  async (reason) => {
    const supervisor = new FakeSupervisor()
    supervisor.next = { reason }
    await supervisor.start()
    await vi.advanceTimersByTimeAsync(2000)
    const message = reason === 'thrown' ? 'Error: thrown' : reason
    expect(supervisor.told).toEqual([`error: ${message}`])
    expect(supervisor.failure?.message).toBe(message)
    await expect(supervisor.reload()).rejects.toThrow(message)
    expect(supervisor.told).toEqual([`error: ${message}`, `error: ${message}`])
    supervisor.prepareStop()
  },
)

test('what could not be served while all failed is logged when it is served', async () => {
  const supervisor = new FakeSupervisor()
  supervisor.next = { reason: 'broken' }
  await supervisor.start()
  supervisor.next = undefined
  await vi.advanceTimersByTimeAsync(2000)
  expect(supervisor.told).toEqual(['error: broken', 'info: thing a is served now'])
})

test('a reload that fails keeps the known failures', async () => {
  const supervisor = await start()
  const { first } = supervisor
  first.unserved = 'broken'
  supervisor.onFound(first)
  supervisor.next = { reason: 'also broken', subject: 'thing b' }
  await expect(supervisor.reload()).rejects.toThrow('also broken')
  supervisor.onFound(first)
  expect(supervisor.told).toEqual(['error: broken', 'error: also broken'])
})

test('failures that the parent process reports are debug messages', async () => {
  const supervisor = await start({ retries: false })
  const { first } = supervisor
  for (const reason of ['broken', '']) {
    first.unserved = reason
    supervisor.onFound(first)
  }
  expect(supervisor.told).toEqual([])
  expect(supervisor.records).toContainEqual(['debug', 'broken', { group: 'web', code: 'INTERNAL' }])
})

test('what several supervisors tell is logged once, and again when it is served', async () => {
  const parent = new FakeSupervisor()
  const tell = (news: ServiceNews): void => parent.onNews(news)
  const one = await start({ tell })
  const other = await start({ tell })
  for (const reason of ['broken', ''])
    for (const supervisor of [one, other]) {
      supervisor.first.unserved = reason
      supervisor.onFound(supervisor.first)
    }
  expect(parent.told).toEqual(['error: broken', 'info: thing a is served now'])
  expect(parent.records[0]?.[2]).toEqual({ group: 'web', code: 'INTERNAL' })
  one.next = { reason: 'not to be loaded' }
  await expect(one.reload()).rejects.toThrow('not to be loaded')
  expect(parent.told.at(-1)).toBe('error: not to be loaded')
  expect([...one.told, ...other.told]).toEqual([])
})
