import { ProcessPool, type Aim, type Launch } from '../processes/process-pool.ts'
import { describeEnd, describeForce } from '../processes/process-end.ts'
import { findingFailure } from '../backends/group/load-failure.ts'
import {
  describeError,
  describeUnserved,
  type GroupFailures,
  ReportedFailures,
  type Unserved,
} from '../backends/group/reported-failures.ts'
import { listRenewed, listRepaired } from '../backends/group/required.ts'
import { type ErrorCode, TaipanError } from '../core/errors.ts'
import { longestTime, toLimit } from '../core/time-limit.ts'
import type { ServerLogger } from '../telemetry/logger.ts'
import type { Doors } from './doors.ts'
import type { GroupFindings, LogSettings } from './messages.ts'
import type { ListRequired, ReplicaPlan } from './replica-plan.ts'
import { startReplica, type Replica, type ReplicaExit, type ReplicaListener } from './replica.ts'

// What the replica needs beyond the time that its requests have: lifespans, atexit handlers, its own patience.
const LEAVING_MS = 5000

/** What a set of replicas is made of. */
export interface ReplicaSetOptions {
  /** What each of them carries out. */
  readonly plan: ReplicaPlan
  /** The same, for one whose start fails unless its groups serve these applications. */
  readonly requireServed: (listRequired: ListRequired) => ReplicaPlan
  readonly count: number
  readonly doors: Doors
  readonly log: LogSettings
  readonly logger: ServerLogger
}

/** Keeps the replicas of a server: starts, replaces, renews and ends them. */
export class ReplicaSet implements ReplicaListener {
  readonly #options: ReplicaSetOptions
  readonly #pool: ProcessPool<Replica, TaipanError>
  #findings: GroupFindings = {}
  #failures: GroupFailures = {}
  readonly #unserved = new ReportedFailures()
  #stopped: Promise<void> | undefined

  constructor(options: ReplicaSetOptions) {
    this.#options = options
    const { doors, count } = options
    this.#pool = new ProcessPool({
      size: count,
      // A replica may start with applications that cannot be loaded, but one that cannot start at all never will.
      startAnyway: false,
      retries: true,
      launch: (aim) => this.#launch(aim),
      admit: (replica) => this.#admit(replica),
      // It accepts until it retires: somebody has to.
      dismiss: () => {},
      retire: (replica) => this.#end(replica, true),
      discard: (replica, atOnce) => void replica.stop(atOnce ? 0 : LEAVING_MS),
      report: (failure, repeated) => this.#reportFailure(failure, repeated),
      onNoneLeft: () => doors.refuse(),
      toError: (failure) => failure,
      isSame: (one, other) => one.message === other.message && one.cause === other.cause,
    })
  }

  /** Every process that runs, also those that are starting or leaving. */
  get replicas(): ReadonlySet<Replica> {
    return this.#pool.members
  }

  /** What the replica that was admitted last has found. */
  get findings(): GroupFindings {
    return this.#findings
  }

  /** Why no replica could be had, while nothing is done about it. */
  get failure(): TaipanError | undefined {
    return this.#pool.failure
  }

  /** Why groups cannot be served there, by their names. */
  get failures(): GroupFailures {
    return this.#failures
  }

  /** Resolves when all replicas serve; rejects, and leaves none behind, when one cannot. */
  async start(): Promise<void> {
    try {
      await this.#pool.start()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Starts and replaces nobody from now on; those who serve still do. */
  prepareStop(): void {
    this.#pool.close()
  }

  /** Lets requests finish within the time for it, then ends all replicas. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** Starts new replicas, and retires the old ones when all of them serve. Calls during a reload are answered by the next one. */
  async reload(): Promise<void> {
    this.#unserved.clear()
    await this.#pool.reload()
  }

  onFindings(replica: Replica): void {
    if (!this.#pool.active.has(replica)) return
    this.#takeFindings(replica)
    this.#pool.reassess()
  }

  onUnfit(replica: Replica, reason: string): void {
    if (this.#pool.over) return
    this.#options.logger.warn({ worker: replica.label }, `worker ${replica.label} ${reason}`)
    this.#pool.replace(replica)
  }

  onCountsChange(replica: Replica): void {
    for (const other of this.replicas) if (other !== replica) other.showCounts()
  }

  onExit(replica: Replica, exit: ReplicaExit): void {
    // Its place is empty now.
    this.onCountsChange(replica)
    if (!exit.expected) this.#reportDeath(replica, exit)
    this.#pool.lose(replica)
  }

  async #launch(aim: Aim): Promise<Launch<Replica, TaipanError>> {
    const { plan, requireServed, doors, log, logger } = this.#options
    const wanted = aim === 'renew' || aim === 'repair' ? requireServed(this.#listServed(aim)) : plan
    try {
      return {
        member: await startReplica({ plan: wanted, doors, log, logger, listener: this }),
      }
    } catch (error) {
      return {
        failure: error instanceof TaipanError ? error : new TaipanError('INTERNAL', String(error)),
      }
    }
  }

  /** What works is replaced only by what works. */
  #listServed(aim: 'renew' | 'repair'): ListRequired {
    const active = [...this.#pool.active]
    return ({ name, engine, applications }) => {
      const found = active.flatMap(({ findings }) => findings[name]?.applications ?? [])
      return aim === 'repair' && engine === 'embedded'
        ? listRepaired(found)
        : listRenewed(applications, found)
    }
  }

  #admit(replica: Replica): void {
    this.#takeFindings(replica)
    replica.open()
    this.#options.doors.leaveToReplicas()
    this.#options.logger.debug({ worker: replica.label }, `worker ${replica.label} is ready`)
  }

  #takeFindings({ findings, failures, embeddedGroups }: Replica): void {
    this.#findings = findings
    this.#failures = failures
    for (const { name: group } of embeddedGroups) {
      this.#reportUnserved(`group ${group}`, failures[group])
      for (const finding of findings[group]?.applications ?? []) {
        const failure = findingFailure(finding)
        this.#reportUnserved(`application ${finding.name}`, failure && describeUnserved(failure))
      }
    }
  }

  #reportUnserved(subject: string, failure: Unserved | undefined): void {
    const isNews = this.#unserved.note(subject, failure)
    if (failure !== undefined) this.#log('APPLICATION_LOAD', failure, !isNews)
    else if (isNews) this.#options.logger.info({}, `${subject} is served now`)
  }

  #reportFailure(failure: TaipanError, repeated: boolean): void {
    // A stop ends those that are starting, too.
    if (this.#pool.over) return
    const unserved = describeError(failure)
    this.#log(failure.code, unserved, repeated || this.#unserved.has(unserved))
  }

  #log(code: ErrorCode, { message, traceback }: Unserved, repeated: boolean): void {
    const { logger } = this.#options
    if (repeated) logger.debug({ code }, message)
    else logger.error(traceback === '' ? { code } : { code, traceback }, message)
  }

  #reportDeath(replica: Replica, exit: ReplicaExit): void {
    const { code: exitCode, signal, lastOutput } = exit
    this.#options.logger.error(
      { worker: replica.label, exitCode, signal, lastOutput },
      `worker ${replica.label} ended with ${describeEnd(exit)}; its connections are cut`,
    )
  }

  /** What requests have to finish: as much as the most patient part of a replica gives them. */
  get #patience(): number {
    const { timeouts, groups } = this.#options.plan
    const ofGroups = groups.map(({ group }) => group.timeouts.shutdown)
    return toLimit(longestTime([timeouts.shutdown, ...ofGroups]))
  }

  async #end(replica: Replica, gently: boolean): Promise<void> {
    const grace = replica.starting ? 0 : this.#patience
    const force = await (gently
      ? replica.retire(grace + LEAVING_MS)
      : replica.stop(grace + LEAVING_MS))
    if (force !== 'none')
      this.#options.logger.warn(
        { worker: replica.label, signal: force },
        describeForce(replica.label, force),
      )
  }

  async #stop(): Promise<void> {
    this.prepareStop()
    await this.#pool.end((replica) => this.#end(replica, false))
  }
}
