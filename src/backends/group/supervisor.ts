import type { Findings } from '../../core/backend.ts'
import { TaipanError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import { Backoff } from './backoff.ts'
import { HeldResponses } from '../link/held-responses.ts'
import type { Errand } from '../link/errand.ts'
import type { LoadFailure } from './load-failure.ts'
import { describeFailure, loadError } from './load-failure.ts'
import type { Scheduler } from './scheduler.ts'
import { refuseExchange } from './scheduler.ts'
import { endsWithin } from './ends-within.ts'
import type { Force, StartHost } from './host.ts'
import type { ThreadLink } from '../link/thread-link.ts'
import type { Worker, WorkerExit, WorkerListener } from './worker.ts'
import { describeEnd, startWorker } from './worker.ts'

// A worker that lived this long has worked, whatever ended it.
const LONG_LIFE_MS = 10_000
// What atexit handlers get in any case.
const SHORTEST_GRACE_MS = 1000

type Phase = 'new' | 'starting' | 'running' | 'stopping' | 'stopped'

/** What a supervisor is made of. */
export interface SupervisorOptions {
  readonly group: ProcessGroup
  readonly scheduler: Scheduler
  readonly serverSoftware: string
  readonly logger: Logger
  readonly startHost: StartHost
}

/** Keeps the workers of one process group: starts, replaces, renews and ends them. */
export class Supervisor implements WorkerListener {
  readonly #options: SupervisorOptions
  readonly #held: HeldResponses
  readonly #backoff = new Backoff()
  /** Every process that runs. */
  readonly #workers = new Set<Worker>()
  /** Those that take requests. */
  readonly #active = new Set<Worker>()
  readonly #retirements = new Set<Promise<void>>()
  #phase: Phase = 'new'
  #launching = 0
  /** Grows with each reload; what was launched for an earlier one is not wanted any more. */
  #generation = 0
  #failure: LoadFailure | undefined
  #reported = ''
  #findings: Findings | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #reloading: Promise<void> | undefined
  #nextReload: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#held = new HeldResponses(options.group.buffers)
  }

  /** Every process that runs, also those that are starting or leaving. */
  get workers(): ReadonlySet<Worker> {
    return this.#workers
  }

  /** What the worker that was admitted last has found. */
  get findings(): Findings | undefined {
    return this.#findings
  }

  /** Answers an exchange when no worker could ever take it as things stand. */
  refuse(exchange: Exchange): boolean {
    if (this.#phase === 'stopping' || this.#phase === 'stopped') {
      refuseExchange(exchange, 'STOPPING')
      return true
    }
    if (this.#failure === undefined || this.#active.size > 0 || this.#reloading !== undefined)
      return false
    this.#refuseBroken(exchange, this.#failure)
    return true
  }

  /** Resolves when all workers are ready; with `startAnyway` when each of them is ready or has failed. */
  async start(): Promise<void> {
    if (this.#phase !== 'new') return
    this.#phase = 'starting'
    const { group } = this.#options
    const launches = Array.from({ length: group.processes }, () => this.#launch(this.#admit))
    try {
      await Promise.all(
        launches.map(async (launch) => {
          const failure = await launch
          if (failure !== undefined) this.#failed(failure, group.startAnyway)
          if (failure !== undefined && !group.startAnyway) throw loadError(failure)
        }),
      )
    } catch (error) {
      await this.stop()
      throw error
    }
    if (this.#isOver())
      throw new TaipanError('STOPPING', 'the backend was stopped while it started')
    this.#phase = 'running'
    this.#maintain()
  }

  /** Lets requests finish within the group's shutdown time, then ends all workers. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** Starts new workers, and retires the old ones when all of them are ready. Calls during a reload are answered by the next one. */
  reload(): Promise<void> {
    if (this.#phase !== 'running')
      return Promise.reject(new TaipanError('STOPPING', 'the backend does not run'))
    if (this.#reloading === undefined) return this.#beginReload()
    this.#nextReload ??= this.#reloading
      .catch(() => {})
      .then(() => {
        this.#nextReload = undefined
        return this.reload()
      })
    return this.#nextReload
  }

  onFree(worker: Worker, link: ThreadLink, application: number): void {
    this.#options.scheduler.release(worker.seats, link, application)
  }

  onStreamFree(worker: Worker, application: number): void {
    this.#options.scheduler.releaseStream(worker.seats, application)
  }

  onSuspect(worker: Worker): void {
    this.#options.scheduler.remove(worker.seats)
  }

  onReturned(errand: Errand): void {
    if (!this.refuse(errand.exchange)) this.#options.scheduler.resubmit(errand)
  }

  onUnfit(worker: Worker, reason: string): void {
    if (this.#isOver()) return
    this.#options.logger.warn({ worker: worker.label }, `worker ${worker.label} ${reason}`)
    this.#retire(worker)
    this.#maintain()
  }

  onExit(worker: Worker, exit: WorkerExit): void {
    this.#workers.delete(worker)
    const wasActive = this.#active.delete(worker)
    this.#options.scheduler.remove(worker.seats)
    if (!wasActive || this.#isOver()) return
    this.#reportDeath(worker, exit)
    if (worker.served > 0 || performance.now() - worker.startedAt > LONG_LIFE_MS)
      this.#backoff.reset()
    else this.#backoff.fail()
    this.#maintain()
  }

  underPressure(): boolean {
    return this.#options.scheduler.waiting > 0
  }

  #isOver(): boolean {
    return this.#phase === 'stopping' || this.#phase === 'stopped'
  }

  /** Starts a worker and gives it to `keep` once it has loaded; tells why it has not. */
  async #launch(keep: (worker: Worker) => void): Promise<LoadFailure | undefined> {
    const { group, serverSoftware, logger, startHost } = this.#options
    const held = this.#held
    const generation = this.#generation
    let worker: Worker
    try {
      worker = await startWorker({
        group,
        serverSoftware,
        logger,
        startHost,
        held,
        listener: this,
      })
    } catch (error) {
      const summary = error instanceof Error ? error.message : String(error)
      return { code: 'PYTHON_START', application: undefined, summary, traceback: '' }
    }
    this.#workers.add(worker)
    if (this.#isOver()) void worker.stop(0)
    const failure = await worker.loaded
    if (failure !== undefined || generation !== this.#generation || this.#isOver())
      void worker.stop(SHORTEST_GRACE_MS)
    else keep(worker)
    return failure
  }

  readonly #admit = (worker: Worker): void => {
    this.#failure = undefined
    this.#findings = worker.findings
    this.#reported = ''
    this.#active.add(worker)
    this.#options.scheduler.add(worker.seats)
    const facts = { group: this.#options.group.name, worker: worker.label }
    this.#options.logger.debug(facts, `worker ${worker.label} is ready`)
  }

  /** Sees to it that there are as many workers as wanted, or will be. */
  #maintain(): void {
    if (this.#phase !== 'running' || this.#reloading !== undefined) return
    const missing = this.#options.group.processes - this.#active.size - this.#launching
    if (missing <= 0 || this.#retryTimer !== undefined) return
    if (this.#backoff.failures === 0) {
      for (let i = 0; i < missing; i++) void this.#replace()
      return
    }
    // What fails is tried by one worker at a time.
    if (this.#launching > 0) return
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined
      void this.#replace()
    }, this.#backoff.delay)
    this.#retryTimer.unref()
  }

  async #replace(): Promise<void> {
    this.#launching++
    const generation = this.#generation
    const failure = await this.#launch(this.#admit)
    this.#launching--
    if (failure !== undefined && generation === this.#generation) this.#failed(failure, true)
    this.#maintain()
  }

  #failed(failure: LoadFailure, report: boolean): void {
    if (this.#isOver()) return
    this.#backoff.fail()
    this.#failure = failure
    if (report) this.#reportFailure(failure)
    if (this.#active.size === 0 && this.#reloading === undefined)
      this.#options.scheduler.refuse((exchange) => this.#refuseBroken(exchange, failure))
  }

  #refuseBroken(exchange: Exchange, failure: LoadFailure): void {
    const detail = this.#options.group.dev
      ? `${describeFailure(failure)}\n\n${failure.traceback}`.trimEnd()
      : undefined
    refuseExchange(exchange, failure.code, detail)
  }

  #reportFailure(failure: LoadFailure): void {
    const { logger, group } = this.#options
    const { application, traceback } = failure
    const message = describeFailure(failure)
    const facts = { group: group.name, application, code: failure.code }
    const same = `${message}\n${traceback}` === this.#reported
    this.#reported = `${message}\n${traceback}`
    if (same) logger.debug(facts, message)
    else logger.error(traceback === '' ? facts : { ...facts, traceback }, message)
  }

  #reportDeath(worker: Worker, exit: WorkerExit): void {
    const { code: exitCode, signal, requests, lost, lastOutput } = exit
    const end = describeEnd(exit)
    this.#options.logger.error(
      { worker: worker.label, exitCode, signal, requests, lastOutput },
      `worker ${worker.label} ended with ${end}; ${describeLoss(lost)}`,
    )
  }

  /** Takes a worker out of service; it ends when its requests are done, or too late. */
  #retire(worker: Worker): void {
    this.#active.delete(worker)
    this.#options.scheduler.remove(worker.seats)
    worker.retire()
    const retirement = this.#end(worker, this.#options.group.timeouts.shutdown).finally(() =>
      this.#retirements.delete(retirement),
    )
    this.#retirements.add(retirement)
  }

  async #end(worker: Worker, patience: number): Promise<void> {
    const deadline = performance.now() + patience
    await endsWithin(worker.drained(), patience)
    const remaining = worker.starting ? 0 : deadline - performance.now()
    const force = await worker.stop(Math.max(SHORTEST_GRACE_MS, remaining))
    if (force !== 'none')
      this.#options.logger.warn(
        { worker: worker.label, signal: force },
        describeForce(worker.label, force),
      )
  }

  async #beginReload(): Promise<void> {
    this.#reloading = this.#reload()
    try {
      await this.#reloading
    } finally {
      this.#reloading = undefined
      if (this.#failure !== undefined && this.#active.size === 0) this.#failed(this.#failure, false)
      this.#maintain()
    }
  }

  async #reload(): Promise<void> {
    const { processes } = this.#options.group
    this.#generation++
    this.#reported = ''
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    const old = [...this.#active]
    const fresh: Worker[] = []
    const takeOver = old.length === 0
    const launches = Array.from({ length: processes }, () =>
      this.#launch((worker) => {
        fresh.push(worker)
        if (takeOver) this.#admit(worker)
      }),
    )
    const failures = (await Promise.all(launches)).filter((failure) => failure !== undefined)
    const [failure] = failures
    if (failure !== undefined) {
      for (const worker of fresh) this.#retire(worker)
      if (this.#active.size === 0) this.#failure = failure
      this.#reportFailure(failure)
      throw loadError(failure)
    }
    if (this.#isOver())
      throw new TaipanError('STOPPING', 'the backend was stopped while it reloaded')
    this.#backoff.reset()
    if (!takeOver) for (const worker of fresh) if (worker.ready) this.#admit(worker)
    for (const worker of old) if (this.#active.has(worker)) this.#retire(worker)
  }

  async #stop(): Promise<void> {
    const { scheduler, group } = this.#options
    const begun = this.#phase !== 'new'
    this.#phase = 'stopping'
    clearTimeout(this.#retryTimer)
    const deadline = performance.now() + group.timeouts.shutdown
    for (const worker of this.#active) worker.retire()
    if (begun && this.#active.size > 0) await endsWithin(this.#drained(), group.timeouts.shutdown)
    scheduler.refuse((exchange) => refuseExchange(exchange, 'STOPPING'))
    const remaining = Math.max(0, deadline - performance.now())
    await Promise.all([...this.#workers].map((worker) => this.#end(worker, remaining)))
    await Promise.all(this.#retirements)
    this.#phase = 'stopped'
  }

  /** Resolves when nothing waits and no worker in service has a request. */
  async #drained(): Promise<void> {
    const { scheduler } = this.#options
    while (this.#active.size > 0) {
      await Promise.all([...this.#active].map((worker) => worker.drained()))
      const busy = [...this.#active].some((worker) => worker.seats.busy > 0)
      if (!busy && scheduler.waiting === 0) return
    }
  }
}

function describeForce(label: string, force: Force): string {
  return force === 'left'
    ? `worker ${label} did not end by itself and is left behind`
    : `worker ${label} did not end by itself and got ${force}`
}

function describeLoss(requests: number): string {
  if (requests === 0) return 'it had no request'
  return requests === 1 ? 'it had 1 request' : `it had ${requests} requests`
}
