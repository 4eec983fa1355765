import type { Findings } from '../../core/backend.ts'
import type { TaipanError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import { toLimit } from '../../core/time-limit.ts'
import { ProcessPool, type Aim, type Launch } from '../../processes/process-pool.ts'
import { HeldResponses } from '../link/held-responses.ts'
import type { PendingRequest } from '../link/pending-request.ts'
import type { LoadFailure } from './load-failure.ts'
import { describeFailure, findingFailure, loadError, startFailure } from './load-failure.ts'
import { describeUnserved, ReportedFailures } from './reported-failures.ts'
import { listRenewed, listRepaired } from './required.ts'
import type { Scheduler } from './scheduler.ts'
import { refuseExchange } from './scheduler.ts'
import { describeEnd, describeForce } from '../../processes/process-end.ts'
import { endsWithin } from '../../processes/ends-within.ts'
import type { StartHost } from './host.ts'
import type { ThreadLink } from '../link/thread-link.ts'
import type { Worker, WorkerExit, WorkerListener } from './worker.ts'
import { startWorker } from './worker.ts'

// What lifespans and atexit handlers get beyond the time of requests.
const ENDING_MS = 3000

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
  readonly #pool: ProcessPool<Worker, LoadFailure>
  readonly #unserved = new ReportedFailures()
  #findings: Findings | undefined
  #onFindings: () => void = () => {}
  #stopped: Promise<void> | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#held = new HeldResponses(options.group.buffers)
    const { group, scheduler } = options
    this.#pool = new ProcessPool({
      size: group.processes,
      startAnyway: group.startAnyway,
      retries: group.retries,
      launch: (aim) => this.#launch(aim),
      admit: (worker) => this.#admit(worker),
      dismiss: (worker) => scheduler.remove(worker.capacity),
      retire: async (worker) => {
        worker.retire()
        await this.#end(worker, this.#patience)
      },
      discard: (worker, atOnce) => void worker.stop(atOnce ? 0 : ENDING_MS),
      report: (failure, repeated) => this.#reportFailure(failure, repeated),
      onNoneLeft: (failure) => {
        scheduler.refuse((exchange) => this.#refuseBroken(exchange, failure))
        this.#onFindings()
      },
      toError: loadError,
      isSame: (one, other) =>
        one.traceback === other.traceback && describeFailure(one) === describeFailure(other),
    })
  }

  /** Every process that runs, also those that are starting or leaving. */
  get workers(): ReadonlySet<Worker> {
    return this.#pool.members
  }

  /** What the worker that was admitted last has found. */
  get findings(): Findings | undefined {
    return this.#findings
  }

  /** Calls back when the findings or the failure have changed. */
  onFindings(listener: () => void): void {
    this.#onFindings = listener
  }

  /** Why no worker could be had, while nothing is done about it. */
  get failure(): TaipanError | undefined {
    const { failure } = this.#pool
    return failure === undefined ? undefined : loadError(failure)
  }

  /** Answers an exchange when no worker could ever take it as things stand. */
  refuse(exchange: Exchange): boolean {
    const { failure } = this.#pool
    if (this.#stopped !== undefined) refuseExchange(exchange, 'STOPPING')
    else if (failure === undefined) return false
    else this.#refuseBroken(exchange, failure)
    return true
  }

  /** Resolves when all workers are ready; with `startAnyway` when each of them is ready or has failed. */
  async start(): Promise<void> {
    try {
      await this.#pool.start()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Starts and replaces nobody from now on; those who work still do. */
  prepareStop(): void {
    this.#pool.close()
    this.#options.scheduler.close()
  }

  /** Lets requests finish within the group's shutdown time, of which `waited` ms are over, then ends all workers. */
  stop(waited = 0): Promise<void> {
    this.#stopped ??= this.#stop(waited)
    return this.#stopped
  }

  /** Ends all workers at once. */
  kill(): void {
    for (const worker of this.workers) worker.kill()
  }

  /** Starts new workers, and retires the old ones when all of them are ready. Calls during a reload are answered by the next one. */
  async reload(): Promise<void> {
    this.#unserved.clear()
    await this.#pool.reload()
  }

  onFree(worker: Worker, link: ThreadLink, application: number): void {
    this.#options.scheduler.release(worker.capacity, link, application)
  }

  onStreamFree(worker: Worker, application: number): void {
    this.#options.scheduler.releaseStream(worker.capacity, application)
  }

  onSuspect(worker: Worker): void {
    this.#options.scheduler.remove(worker.capacity)
  }

  onReturned(request: PendingRequest): void {
    const { failure } = this.#pool
    if (failure === undefined) this.#options.scheduler.resubmit(request)
    else this.#refuseBroken(request.exchange, failure)
  }

  onUnfit(worker: Worker, reason: string): void {
    if (this.#pool.over) return
    this.#options.logger.warn({ worker: worker.label }, `worker ${worker.label} ${reason}`)
    this.#pool.replace(worker)
  }

  onFound(worker: Worker): void {
    if (!this.#pool.active.has(worker)) return
    this.#takeFindings(worker)
    this.#pool.reassess()
  }

  onExit(worker: Worker, exit: WorkerExit): void {
    if (!exit.expected) this.#reportDeath(worker, exit)
    this.#pool.lose(worker)
  }

  underPressure(): boolean {
    return this.#options.scheduler.waiting > 0
  }

  /** What requests have to finish. */
  get #patience(): number {
    return toLimit(this.#options.group.timeouts.shutdown)
  }

  async #launch(aim: Aim): Promise<Launch<Worker, LoadFailure>> {
    const { group, serverSoftware, logger, startHost } = this.#options
    const held = this.#held
    const required = this.#listRequired(aim)
    try {
      const options = { group, required, serverSoftware, logger, startHost, held, listener: this }
      return { member: await startWorker(options) }
    } catch (error) {
      return { failure: startFailure(error) }
    }
  }

  /** Names of the applications that a new worker has to serve: what works is replaced only by what works. */
  #listRequired(aim: Aim): readonly string[] {
    const { applications, required } = this.#options.group
    if (aim === 'start') return required
    if (aim === 'fill') return []
    const found = [...this.#pool.active].flatMap(({ findings }) => findings?.applications ?? [])
    return aim === 'renew' ? listRenewed(applications, found) : listRepaired(found)
  }

  #admit(worker: Worker): void {
    this.#takeFindings(worker)
    this.#options.scheduler.add(worker.capacity)
    const facts = { group: this.#options.group.name, worker: worker.label }
    this.#options.logger.debug(facts, `worker ${worker.label} is ready`)
  }

  #takeFindings({ findings }: Worker): void {
    this.#findings = findings
    this.#onFindings()
    for (const finding of findings?.applications ?? []) {
      const failure = findingFailure(finding)
      const isNews = this.#unserved.note(finding.name, failure && describeUnserved(failure))
      if (failure !== undefined) this.#log(failure, !isNews)
      else if (isNews) this.#logServed(finding.name)
    }
  }

  #logServed(application: string): void {
    const { logger, group } = this.#options
    if (group.retries) logger.info({ application }, `application ${application} is served now`)
  }

  #refuseBroken(exchange: Exchange, failure: LoadFailure): void {
    const detail = this.#options.group.dev
      ? `${describeFailure(failure)}\n\n${failure.traceback}`.trimEnd()
      : undefined
    refuseExchange(exchange, failure.code, detail)
  }

  #reportFailure(failure: LoadFailure, repeated: boolean): void {
    this.#log(failure, repeated || this.#unserved.has(describeUnserved(failure)))
  }

  /** What somebody else reports, and what was reported, is for debugging only. */
  #log(failure: LoadFailure, repeated: boolean): void {
    const { logger, group } = this.#options
    const { application, traceback } = failure
    const message = describeFailure(failure)
    const facts = { group: group.name, application, code: failure.code }
    if (repeated || !group.retries) logger.debug(facts, message)
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

  async #end(worker: Worker, patience: number): Promise<void> {
    const deadline = performance.now() + patience
    await endsWithin(worker.drained(), patience)
    const remaining = worker.starting ? 0 : Math.max(0, deadline - performance.now())
    const force = await worker.stop(remaining + ENDING_MS, remaining)
    if (force !== 'none')
      this.#options.logger.warn(
        { worker: worker.label, signal: force },
        describeForce(worker.label, force),
      )
  }

  async #stop(waited: number): Promise<void> {
    const { scheduler } = this.#options
    this.prepareStop()
    const patience = Math.max(0, this.#patience - waited)
    const deadline = performance.now() + patience
    for (const worker of this.#pool.active) worker.retire()
    await endsWithin(scheduler.drained(), patience)
    scheduler.stop()
    const remaining = Math.max(0, deadline - performance.now())
    await this.#pool.end((worker) => this.#end(worker, remaining))
  }
}

function describeLoss(requests: number): string {
  if (requests === 0) return 'it had no request'
  return requests === 1 ? 'it had 1 request' : `it had ${requests} requests`
}
