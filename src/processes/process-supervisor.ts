import type { TaipanError } from '../core/errors.ts'
import type { LogFields, Logger } from '../core/logger.ts'
import { endsWithin } from './ends-within.ts'
import { ProcessPool, type Aim, type Launch } from './process-pool.ts'
import { isSameFailure } from './reported-failures.ts'
import type { ProcessListener, ReportedExit, SupervisedProcess } from './supervised-process.ts'
import { SupervisorLog, type FailureReport, type Loss, type Subject } from './supervisor-log.ts'

/** How processes are kept. */
export interface SupervisionOptions {
  /** How many there are to be. */
  readonly size: number
  /** True: those that fail at the start are tried again later. */
  readonly startAnyway: boolean
  /** False: what cannot be started, or in part, is left to who keeps this member, and told by it. */
  readonly retries: boolean
  readonly logger: Logger
  /** What records say besides. */
  readonly facts: LogFields
  /** What a process needs to end beyond the time of its requests, in ms. */
  readonly ending: number
}

/** Keeps processes of one kind: starts, replaces, renews and ends them, and tells of it. */
export abstract class ProcessSupervisor<
  M extends SupervisedProcess<F>,
  F extends object,
  X extends ReportedExit,
> implements ProcessListener<M, X> {
  protected readonly pool: ProcessPool<M, F>
  readonly #log: SupervisorLog
  readonly #ending: number
  #stopped: Promise<void> | undefined

  constructor({ logger, facts, ending, ...options }: SupervisionOptions) {
    this.#log = new SupervisorLog({ logger, facts, tellsFailures: options.retries })
    this.#ending = ending
    this.pool = new ProcessPool({
      ...options,
      launch: (aim) => this.#launch(aim),
      admit: (member) => this.#admit(member),
      dismiss: (member) => this.dismiss(member),
      retire: (member) => this.#retire(member),
      discard: (member, atOnce) => void member.stop(atOnce ? 0 : ending),
      report: (failure, repeated) => this.#log.tellFailure(this.describeFailure(failure), repeated),
      onNoneLeft: (failure) => this.onNoneLeft(failure),
      toError: (failure) => this.toError(failure),
      isSame: (one, other) => isSameFailure(this.describeFailure(one), this.describeFailure(other)),
    })
  }

  /** Every process that runs, also those that are starting or leaving. */
  get members(): ReadonlySet<M> {
    return this.pool.members
  }

  /** Why no process could be had, while nothing is done about it. */
  get failure(): TaipanError | undefined {
    const { failure } = this.pool
    return failure === undefined ? undefined : this.toError(failure)
  }

  /** Resolves when all work, or as `startAnyway` says; rejects, and leaves none behind, when one cannot. */
  async start(): Promise<void> {
    try {
      await this.pool.start()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Starts and replaces no further process; running ones go on. */
  prepareStop(): void {
    this.pool.close()
  }

  /** Lets requests finish within the time for it, of which `waited` ms are over, then ends all processes. */
  stop(waited = 0): Promise<void> {
    this.#stopped ??= this.#stop(waited)
    return this.#stopped
  }

  /** Ends all processes at once. */
  kill(): void {
    for (const member of this.members) member.kill()
  }

  /** Starts new processes, and retires the old ones when all of them work. Calls during a reload are answered by the next one. */
  async reload(): Promise<void> {
    const remember = this.#log.forget()
    try {
      await this.pool.reload()
    } catch (error) {
      // The old ones go on, with what was told of them.
      remember()
      throw error
    }
  }

  onFound(member: M): void {
    if (!this.pool.active.has(member)) return
    this.takeFindings(member)
    this.pool.reassess()
  }

  onUnfit(member: M, reason: string): void {
    if (this.pool.over) return
    this.#log.tellUnfit(member.label, reason)
    this.pool.replace(member)
  }

  onExit(member: M, exit: X): void {
    if (!exit.expected) this.#log.tellDeath(member.label, exit, this.describeLoss(exit))
    this.pool.lose(member)
  }

  /** `stop` has been called. */
  protected get stopping(): boolean {
    return this.#stopped !== undefined
  }

  /** Tells of what a process serves, or does not, unless that is known. */
  protected tellServed(subject: Subject, failure: FailureReport | undefined): void {
    this.#log.tellServed(subject, failure)
  }

  /** What requests have to finish, in ms. */
  protected abstract get patience(): number
  /** Starts a process; what it throws is for `toFailure`. */
  protected abstract launch(aim: Aim): Promise<M>
  protected abstract toFailure(error: unknown): F
  protected abstract toError(failure: F): TaipanError
  protected abstract describeFailure(failure: F): FailureReport
  protected abstract describeLoss(exit: X): Loss
  /** Keeps and tells what a process has found. */
  protected abstract takeFindings(member: M): void
  /** Gives it work from now on. */
  protected abstract admit(member: M): void
  /** Gives it no further work. */
  protected abstract dismiss(member: M): void
  /** No process is left; the failure is that of the last start. */
  protected abstract onNoneLeft(failure: F): void
  /** Resolves when what waits and runs is over, or so many ms are. */
  protected abstract finishWork(patience: number): Promise<void>

  async #launch(aim: Aim): Promise<Launch<M, F>> {
    try {
      return { member: await this.launch(aim) }
    } catch (error) {
      return { failure: this.toFailure(error) }
    }
  }

  #admit(member: M): void {
    this.takeFindings(member)
    this.admit(member)
    this.#log.tellReady(member.label)
  }

  async #retire(member: M): Promise<void> {
    member.retire()
    await this.#end(member, this.patience)
  }

  async #end(member: M, patience: number): Promise<void> {
    const deadline = performance.now() + patience
    await endsWithin(member.drained(), patience)
    const remaining = member.starting ? 0 : Math.max(0, deadline - performance.now())
    const force = await member.stop(remaining + this.#ending, remaining)
    if (force !== 'none') this.#log.tellForced(member.label, force)
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
