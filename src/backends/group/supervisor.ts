import type { Findings, LoadingApplication } from '../../core/backend.ts'
import type { TaipanError } from '../../core/errors.ts'
import type { RestartReason } from '../../core/restart-reason.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'
import { formatCount } from '../../core/format-count.ts'
import type { Demands, ProcessGroup } from '../../core/process-group.ts'
import { toLimit } from '../../core/time-limit.ts'
import type { Cause } from '../../processes/cause.ts'
import { endsWithin } from '../../core/ends-within.ts'
import type { Aim, Launch } from '../../processes/member.ts'
import { ProcessSupervisor } from '../../processes/process-supervisor.ts'
import type { FailureReport, Loss, ServiceNews, Subject } from '../../processes/supervisor-log.ts'
import { HeldResponses } from '../link/held-responses.ts'
import type { PendingRequest } from '../link/pending-request.ts'
import type { ThreadLink } from '../link/thread-link.ts'
import { chooseDemands, isWorthwhile, leaveOut } from './demands.ts'
import type { HostSource } from './host.ts'
import { reportLeft } from './left-requests.ts'
import type { LoadFailure } from './load-failure.ts'
import { describeFailure, findingFailure, loadError, startFailure } from './load-failure.ts'
import { Obituaries } from './obituaries.ts'
import { choosePatience } from './patience.ts'
import type { Scheduler } from './scheduler.ts'
import { describeUnserved } from './unserved.ts'
import type { Worker, WorkerExit, WorkerListener } from './worker.ts'
import { startWorker } from './worker.ts'

// Time for lifespans and atexit handlers, in addition to that for requests.
const ENDING_MS = 3000

/** Parts of a supervisor. */
export interface SupervisorOptions {
  readonly group: ProcessGroup
  readonly scheduler: Scheduler
  readonly serverSoftware: string
  readonly logger: Logger
  readonly tell?: ((news: ServiceNews) => void) | undefined
  readonly source: HostSource
  /** Replaces this process, of which a worker has reached a limit; undefined: the worker is replaced. */
  readonly replaceProcess?: ((cause: Cause) => void) | undefined
}

/** Keeps the workers of a process group, and gives them requests. */
export class Supervisor
  extends ProcessSupervisor<Worker, LoadFailure, WorkerExit>
  implements WorkerListener
{
  readonly #options: SupervisorOptions
  readonly #held: HeldResponses
  #group: ProcessGroup
  #findings: Findings | undefined
  readonly #obituaries = new Obituaries<Worker>()
  readonly #findingsListeners: (() => void)[] = []
  /** What workers have found changed last. */
  #change = ''
  /** Why this process is to be replaced. */
  #due: RestartReason | undefined
  /** Workers that the next request wakes, while there shall be none. */
  #asleep = 1

  constructor(options: SupervisorOptions) {
    const { group, logger, tell: tellNews } = options
    const { processes: size, startAnyway, retries, dev } = group
    const facts = { group: group.name }
    // What the parent process retries it also reports.
    const tell = retries ? tellNews : undefined
    super({ size, startAnyway, retries, keepsOld: !dev, logger, facts, tell, ending: ENDING_MS })
    this.#options = options
    this.#group = group
    this.#held = new HeldResponses(group.buffers)
    for (const one of group.demands.leftOut) {
      const failure = findingFailure({ ...one, leftOut: true })
      if (failure !== undefined) this.noteTold(this.describeFailure(failure))
    }
  }

  /** The findings of the worker that was admitted last. */
  get findings(): Findings | undefined {
    return this.#findings
  }

  /** The applications that its workers are loading, as far as they have said. */
  get loading(): readonly LoadingApplication[] {
    const workers = [...this.members].filter(({ starting }) => starting)
    return [...this.#options.source.loading, ...workers.map(({ loading }) => loading)]
  }

  /** `listener` is called when the findings or the failure have changed. */
  onFindings(listener: () => void): void {
    this.#findingsListeners.push(listener)
  }

  /** Environment of workers that are started from now on. */
  setEnvironment(environment: ProcessGroup['environment']): void {
    this.#group = { ...this.#group, environment }
  }

  /** Requests of all workers. */
  get running(): number {
    let running = 0
    for (const { capacity } of this.members) running += capacity.running
    return running
  }

  /** Wanted number of workers. */
  get size(): number {
    return this.pool.size
  }

  /** Workers that serve requests. */
  get active(): Iterable<Worker> {
    return this.pool.active
  }

  /** Changes the wanted number of workers. With 0 the group sleeps: the next request starts as many as there were before. */
  resize(size: number, reason: RestartReason = 'scale'): void {
    if (size === 0 && this.pool.size > 0) this.#asleep = this.pool.size
    this.pool.resize(size, reason)
    if (size === 0) this.#options.source.rest()
    this.wake()
  }

  /** Starts workers for requests that wait, if the group sleeps. */
  wake(): void {
    if (this.pool.size === 0 && this.#options.scheduler.waiting > 0) this.pool.resize(this.#asleep)
  }

  /** Answers an exchange if no worker can serve it in the present state; false otherwise. */
  refuse(exchange: Exchange): boolean {
    const { failure } = this.pool
    if (this.stopping) this.#options.scheduler.failures.refuse(exchange, 'STOPPING')
    else if (failure === undefined) return false
    else this.#refuseBroken(exchange, failure)
    return true
  }

  override async stop(waited = 0): Promise<void> {
    await super.stop(waited)
    await this.#options.source.stop()
  }

  override kill(): void {
    super.kill()
    this.#options.source.kill()
  }

  override async reload(): Promise<void> {
    this.#options.source.abandon()
    await super.reload()
  }

  override onChanged(worker: Worker, change: string): void {
    if (this.pool.active.has(worker) && change !== this.#change) {
      this.#change = change
      this.#options.source.abandon('repair')
    }
    super.onChanged(worker, change)
  }

  override prepareStop(): void {
    super.prepareStop()
    this.#options.scheduler.close()
    for (const worker of this.members) worker.tellStopping()
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

  onTold(pid: number): void {
    this.#obituaries.finish(pid)
  }

  override onExit(worker: Worker, exit: WorkerExit): void {
    super.onExit(worker, exit)
    if (worker.findings !== undefined) this.#obituaries.note(worker, worker.pid, this.pool.active)
  }

  onReturned(request: PendingRequest): void {
    const { failure } = this.pool
    if (failure === undefined) {
      this.#options.scheduler.resubmit(request)
      this.wake()
    } else this.#refuseBroken(request.exchange, failure)
  }

  onFinished(_worker: Worker): void {}

  override onDue(worker: Worker, cause: Cause): void {
    const { replaceProcess } = this.#options
    if (replaceProcess === undefined) super.onDue(worker, cause)
    else {
      this.#due = cause.reason
      replaceProcess(cause)
    }
  }

  underPressure(): boolean {
    return this.#options.scheduler.waiting > 0
  }

  protected get patience(): number {
    for (const { held } of this.members) if (held) return Infinity
    const due = this.#due && choosePatience(this.#due, this.#options.group)
    return due ?? toLimit(this.#options.group.timeouts.shutdown)
  }

  protected override tellLeft(worker: Worker): void {
    void reportLeft(worker, this.#options.logger)
  }

  protected override patienceFor(reason: RestartReason): number {
    return choosePatience(reason, this.#options.group) ?? this.patience
  }

  protected async launch(
    aim: Aim,
    failed: readonly LoadFailure[],
  ): Promise<Launch<Worker, LoadFailure> | undefined> {
    const { scheduler, ...options } = this.#options
    const demands = this.#chooseDemands(aim, failed)
    if (demands === undefined) return undefined
    const task = { group: this.#group, demands, serverSoftware: options.serverSoftware }
    const omitted = Math.max(0, ...[...this.pool.active].map((worker) => worker.omitted))
    const { failures, times } = scheduler
    return await startWorker(
      { ...options, ...task, held: this.#held, failures, times, listener: this },
      { ...task, aim, omitted },
    )
  }

  protected toFailure(error: unknown): LoadFailure {
    return startFailure(error)
  }

  protected toError(failure: LoadFailure): TaipanError {
    return loadError(failure)
  }

  protected describeFailure(failure: LoadFailure): FailureReport {
    const { application, code } = failure
    const subject = application && nameSubject(application)
    return { ...describeUnserved(failure), subject, facts: { application, code } }
  }

  protected describeLoss({ requests, lost }: WorkerExit): Loss {
    return { text: describeLost(lost), facts: { requests } }
  }

  protected keepFindings({ findings }: Worker): void {
    this.#findings = findings
    this.#tellFindings()
  }

  protected listSubjects({ findings }: Worker): Subject[] {
    return (findings?.applications ?? []).map((finding) => {
      const { name: application } = finding
      const failure = findingFailure(finding)
      return {
        name: nameSubject(application),
        facts: { application },
        failure: failure && this.describeFailure(failure),
      }
    })
  }

  protected admit(worker: Worker): void {
    this.#options.scheduler.add(worker.capacity)
    this.#options.source.admit(worker.host)
    this.#obituaries.tell([worker])
  }

  protected dismiss(worker: Worker): void {
    this.#options.scheduler.remove(worker.capacity)
  }

  protected onNoneLeft(failure: LoadFailure): void {
    this.#options.scheduler.refuse((exchange) => this.#refuseBroken(exchange, failure))
    this.#tellFindings()
  }

  #tellFindings(): void {
    for (const listener of this.#findingsListeners) listener()
  }

  protected async finishWork(patience: number): Promise<void> {
    const { scheduler } = this.#options
    for (const worker of this.pool.active) worker.retire()
    await endsWithin(scheduler.drained(), patience)
    scheduler.stop()
  }

  /** Undefined when nothing can be left out of what `failed` before. */
  #chooseDemands(aim: Aim, failed: readonly LoadFailure[]): Demands | undefined {
    const { applications, demands: first, dev } = this.#options.group
    const known = [...this.pool.active].map(({ findings }) => findings)
    const found = (aim === 'fill' ? [this.findings] : known).flatMap(
      (one) => one?.applications ?? [],
    )
    let demands = aim === 'start' ? first : chooseDemands(aim, { applications, found, dev })
    // While an application is developed, a worker that serves nothing shows why.
    const isShown = dev && aim !== 'repair'
    for (const failure of failed) {
      const without = leaveOut(demands, failure)
      if (without === undefined) return undefined
      if (!isShown && !isWorthwhile([{ applications, demands: without }])) return undefined
      demands = without
    }
    return demands
  }

  #refuseBroken(exchange: Exchange, failure: LoadFailure): void {
    const detail = this.#options.group.dev
      ? `${describeFailure(failure)}\n\n${failure.traceback}`.trimEnd()
      : undefined
    this.#options.scheduler.failures.refuse(exchange, failure.code, detail)
  }
}

function nameSubject(application: string): string {
  return `application ${application}`
}

function describeLost(requests: number): string {
  return requests === 0 ? 'it had no request' : `it had ${formatCount(requests, 'request')}`
}
