import type { TaipanError } from '../core/errors.ts'
import type {
  ProcessesStatus,
  ReloadStatus,
  WorkerState,
  WorkerStatus,
} from '../core/process-status.ts'
import type { LogFields, Logger } from '../core/logger.ts'
import { NO_RESTARTS, type RestartReason } from '../core/restart-reason.ts'
import type { Cause } from './cause.ts'
import { describeReload } from './describe-reload.ts'
import { endsWithin } from '../core/ends-within.ts'
import type { Aim, Launch } from './member.ts'
import type { ProcessNoun } from './process-end.ts'
import { ProcessPool } from './process-pool.ts'
import { readMemory } from './read-memory.ts'
import { isSameFailure } from './reported-failures.ts'
import type { ProcessListener, ReportedExit, SupervisedProcess } from './supervised-process.ts'
import {
  SupervisorLog,
  type FailureReport,
  type Loss,
  type ServiceNews,
  type Subject,
} from './supervisor-log.ts'

/** How a supervisor keeps its processes. */
export interface SupervisionOptions {
  /** What a process is called in messages; `worker` by default. */
  readonly noun?: ProcessNoun
  /** Wanted number of processes at first. */
  readonly size: number
  /** True: processes that fail at the first start are retried later. */
  readonly startAnyway: boolean
  /** False: failed starts are neither logged nor retried, because the parent process does that. */
  readonly retries: boolean
  /** False: a reload ends the old processes even if none that is new can be started. */
  readonly keepsOld: boolean
  readonly logger: Logger
  readonly facts: LogFields
  /** Takes all news of failures and recoveries, which are not logged then. */
  readonly tell?: ((news: ServiceNews) => void) | undefined
  /** Time in ms that a process may take to end, in addition to that for its requests. */
  readonly ending: number
}

/** Keeps processes of one kind: starts, replaces, renews and ends them, and logs what happens. */
export abstract class ProcessSupervisor<
  M extends SupervisedProcess<F>,
  F extends object,
  X extends ReportedExit,
> implements ProcessListener<M, X> {
  protected readonly pool: ProcessPool<M, F>
  readonly #log: SupervisorLog
  readonly #ending: number
  #lastReload: ReloadStatus | undefined
  /** Newest one of which a process was given work. */
  #lastGeneration = 0
  /** Why its processes were replaced or ended so far. */
  readonly #restarts = { ...NO_RESTARTS }
  /** Those whose failures were logged after they had been replaced. */
  readonly #toldRetired = new Set<M>()
  #stopped: Promise<void> | undefined

  constructor({ noun = 'worker', logger, facts, tell, ending, ...options }: SupervisionOptions) {
    this.#log = new SupervisorLog({ noun, logger, facts, tell, logsFailures: options.retries })
    this.#ending = ending
    this.pool = new ProcessPool({
      ...options,
      launch: (aim, failed) => this.#launch(aim, failed),
      admit: (member) => this.#admit(member),
      withdraw: (members) => this.withdraw(members),
      dismiss: (member) => this.dismiss(member),
      retire: (member, reason) => this.#retire(member, reason),
      discard: (member, atOnce) => void member.stop(atOnce ? 0 : ending),
      report: (failure, repeated) => this.#report(failure, repeated),
      onNoneLeft: (failure) => this.onNoneLeft(failure),
      toError: (failure) => this.toError(failure),
      isSame: (one, other) => isSameFailure(this.describeFailure(one), this.describeFailure(other)),
    })
  }

  /** Every running process, including those that are starting or stopping. */
  get members(): ReadonlySet<M> {
    return this.pool.members
  }

  /** Why no process could be started, unless a reload is in progress. */
  get failure(): TaipanError | undefined {
    const { failure } = this.pool
    return failure === undefined ? undefined : this.toError(failure)
  }

  /** Its processes at the moment. */
  get status(): ProcessesStatus {
    const { failure } = this.pool
    const told = failure && this.describeFailure(failure)
    const workers = [...this.members].map((member) => this.#describe(member))
    return {
      generation: this.#generation,
      wanted: this.pool.size,
      min: this.pool.size,
      max: this.pool.size,
      workers,
      restarts: { ...this.#restarts },
      lastReload: this.#lastReload,
      failure: told?.message ?? '',
      traceback: told?.traceback ?? '',
    }
  }

  /** Resolves when all processes are ready, or according to `startAnyway`; on failure stops all and rejects. */
  async start(): Promise<void> {
    try {
      await this.pool.start()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Starts no more processes; running ones continue. */
  prepareStop(): void {
    this.pool.close()
  }

  /** Lets requests finish within the time for them, of which `waited` ms have passed, then ends all processes. */
  stop(waited = 0): Promise<void> {
    this.#stopped ??= this.#stop(waited)
    return this.#stopped
  }

  /** Kills all processes at once. */
  kill(): void {
    for (const member of this.members) member.kill()
  }

  /** Starts new processes, and retires the old ones when all new ones are ready. A call during a reload begins it again; both settle with what comes of it. */
  async reload(): Promise<void> {
    const begun = performance.now()
    const remember = this.#log.forget()
    try {
      await this.pool.reload()
      this.#lastReload = describeReload(begun, undefined)
    } catch (error) {
      // Where the old processes continue, their failures have been reported.
      if (this.pool.failure === undefined) remember()
      this.#lastReload = describeReload(begun, error)
      throw error
    }
  }

  onFound(member: M): void {
    if (!this.pool.active.has(member)) this.#tellRetired(member)
    else {
      this.#takeFindings(member)
      this.pool.reassess()
    }
  }

  onChanged(member: M, change: string): void {
    if (this.pool.active.has(member)) this.pool.retry(change)
  }

  onUnhealthy(member: M, cause: Cause): void {
    if (this.pool.over) return
    this.tellUnhealthy(member, cause)
    this.pool.replace(member, cause.reason)
  }

  /** Logs why a process has to end. */
  protected tellUnhealthy(member: M, cause: Cause): void {
    this.#log.tellUnhealthy(member.label, cause)
  }

  onDue(member: M, cause: Cause): void {
    if (this.pool.over) return
    this.#log.tellDue(member.label, cause)
    this.pool.succeed(member, cause.reason)
  }

  onExit(member: M, exit: X): void {
    if (exit.killed !== undefined) {
      const loss = this.describeLoss(exit)
      this.#log.tellKilled(member.label, exit, { loss, stacks: member.stacks })
    } else if (!exit.expected) {
      this.#log.tellDeath(member.label, exit, this.describeLoss(exit))
      if (this.pool.active.has(member)) this.#restarts.crash++
    }
    this.pool.lose(member)
    if (this.#toldRetired.delete(member)) this.#tellServed()
  }

  /** Logs the news of supervisors in a process. */
  onNews(news: ServiceNews): void {
    this.#log.take(news)
  }

  /** `stop` has been called. */
  protected get stopping(): boolean {
    return this.#stopped !== undefined
  }

  /** What cannot be served was logged by another process. */
  protected noteTold(failure: FailureReport): void {
    this.#log.noteTold(failure)
  }

  /** Time in ms for requests to finish. */
  protected abstract get patience(): number

  /** The same for a process that is replaced for some reason. */
  protected patienceFor(_reason: RestartReason): number {
    return this.patience
  }

  /** It is ended although it still has requests. */
  protected tellLeft(_member: M): void {}

  /** Starts a process, as `launch` of the pool. `toFailure` gets what it throws. */
  protected abstract launch(aim: Aim, failed: readonly F[]): Promise<Launch<M, F> | undefined>
  protected abstract toFailure(error: unknown): F
  protected abstract toError(failure: F): TaipanError
  protected abstract describeFailure(failure: F): FailureReport
  protected abstract describeLoss(exit: X): Loss
  /** Keeps the findings of a process. */
  protected abstract keepFindings(member: M): void
  /** What a process has found to be served, or not, as far as that is to be logged here. */
  protected abstract listSubjects(member: M): readonly Subject[]
  /** Gives it work from now on. */
  protected abstract admit(member: M): void
  /** Gives it no further work. */
  protected abstract dismiss(member: M): void
  /** No process is left; `failure` is that of the last start. */
  protected abstract onNoneLeft(failure: F): void
  /** Resolves when no request waits or runs, or after `patience` ms. */
  protected abstract finishWork(patience: number): Promise<void>

  #describe(member: M): WorkerStatus {
    const { pid, generation, startedAt, served, load: running } = member
    const age = Math.round(performance.now() - startedAt)
    const memory = readMemory(pid)
    return { pid, state: this.#findState(member), generation, age, served, running, memory }
  }

  #findState(member: M): WorkerState {
    if (member.stopping) return 'stopping'
    if (member.starting) return 'starting'
    if (this.pool.active.has(member)) return 'ready'
    return member.generation === this.pool.generation ? 'standby' : 'retiring'
  }

  /** As `withdraw` of the pool: by default work is given to processes. */
  protected async withdraw(_members: readonly M[]): Promise<void> {}

  async #launch(aim: Aim, failed: readonly F[]): Promise<Launch<M, F> | undefined> {
    try {
      return await this.launch(aim, failed)
    } catch (error) {
      return { failure: this.toFailure(error) }
    }
  }

  /** While there is no process, that of the last one: the next will load the same code, or newer one. */
  get #generation(): number {
    const active = [...this.pool.active].map(({ generation }) => generation)
    return active.length === 0 ? this.#lastGeneration : Math.max(...active)
  }

  #admit(member: M): void {
    this.#lastGeneration = member.generation
    this.#takeFindings(member)
    this.admit(member)
    this.#log.tellReady(member.label)
  }

  #takeFindings(member: M): void {
    this.keepFindings(member)
    for (const subject of this.listSubjects(member)) this.#log.tellServed(subject)
  }

  /** A process that has been replaced still answers its last requests. */
  #tellRetired(member: M): void {
    const unserved = this.listSubjects(member).filter(({ failure }) => failure !== undefined)
    for (const subject of unserved) this.#log.tellServed(subject)
    if (unserved.length > 0) this.#toldRetired.add(member)
  }

  /** What only a retired process could not serve is served once that has ended. */
  #tellServed(): void {
    const newest = [...this.pool.active].at(-1)
    const subjects = newest === undefined ? [] : this.listSubjects(newest)
    for (const subject of subjects) if (subject.failure === undefined) this.#log.tellServed(subject)
  }

  #report(failure: F, repeated: boolean): void {
    this.#restarts.startup++
    this.#log.tellFailure(this.describeFailure(failure), repeated)
  }

  async #retire(member: M, reason: RestartReason): Promise<void> {
    this.#restarts[reason]++
    member.retire(reason)
    await this.#end(member, this.patienceFor(reason))
  }

  async #end(member: M, patience: number): Promise<void> {
    const deadline = performance.now() + patience
    if (!(await endsWithin(member.drained(), patience)) && member.ready) this.tellLeft(member)
    const remaining = member.starting ? 0 : Math.max(0, deadline - performance.now())
    // Whoever has asked it before tells.
    const isFirst = !member.stopping
    const force = await member.stop(remaining + this.#ending, remaining)
    if (force !== 'none' && isFirst) this.#log.tellForced(member.label, force, member.stacks)
  }

  async #stop(waited: number): Promise<void> {
    this.prepareStop()
    const patience = Math.max(0, this.patience - waited)
    const deadline = performance.now() + patience
    await this.finishWork(patience)
    const remaining = Math.max(0, deadline - performance.now())
    await this.pool.end((member) => this.#end(member, remaining))
  }
}
