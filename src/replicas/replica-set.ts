import { findingFailure } from '../backends/group/load-failure.ts'
import { describeError, describeUnserved, type GroupFailures } from '../backends/group/unserved.ts'
import type { ApplicationFinding, LoadingApplication } from '../core/backend.ts'
import { TaipanError } from '../core/errors.ts'
import type { RestartReason } from '../core/restart-reason.ts'
import type { WorkerStacks } from '../core/stacks.ts'
import { longestTime, toLimit } from '../core/time-limit.ts'
import { describeReplicas } from './describe-replicas.ts'
import type { Aim, Launch } from '../processes/member.ts'
import { ProcessSupervisor } from '../processes/process-supervisor.ts'
import type { Unserved } from '../processes/reported-failures.ts'
import type { ReportedExit } from '../processes/supervised-process.ts'
import type { FailureReport, Loss, Subject } from '../processes/supervisor-log.ts'
import { addCounts } from '../telemetry/metrics/add-counts.ts'
import type { MeasuredMetrics } from '../telemetry/metrics/process-metrics.ts'
import type { ServerLogger } from '../telemetry/logger.ts'
import type { TlsMaterial } from '../streams/tls/material.ts'
import { chooseReplicaPatience } from './patience.ts'
import type { SharedSockets } from './shared-sockets.ts'
import type { GroupFindings, LogSettings } from './messages.ts'
import type { GroupDemands, ReplicaPlan } from './replica-plan.ts'
import {
  startReplica,
  type Replica,
  type ReplicaFailure,
  type ReplicaListener,
  type ReplicaStatus,
} from './replica.ts'
import { chooseReplicaDemands, type ReplicaFindings } from './replica-demands.ts'

// Time for lifespans, atexit handlers and the replica's own timeouts, in addition to that for requests.
const LEAVING_MS = 5000

// A replica whose Node thread runs Python answers later, or never.
const ANSWER_MS = 1000
// Longest time in which nobody accepts at a reload.
const CLOSE_MS = 1000
// Its worker processes have two seconds.
const STACKS_MS = 3000

/** Parts of a set of replicas. */
export interface ReplicaSetOptions {
  /** Plan of each replica. */
  readonly plan: ReplicaPlan
  /** The plan with a start that fails unless its groups meet these demands. */
  readonly demandServed: (demands: GroupDemands) => ReplicaPlan
  readonly count: number
  readonly sockets: SharedSockets
  readonly chooseLog: () => LogSettings
  readonly logger: ServerLogger
  /** A failed reload leaves the old replicas. */
  readonly keepsOld: boolean
  /** The file of an application has changed. */
  readonly onScriptChange: (path: string) => void
  /** Version of the pages of a new replica. */
  readonly choosePageVersion: (aim: Aim) => string
  /** Of a new replica; undefined: no address speaks https. */
  readonly chooseMaterial: () => TlsMaterial | undefined
}

/** Keeps the replicas of a server, and their findings. */
export class ReplicaSet
  extends ProcessSupervisor<Replica, ReplicaFailure, ReportedExit>
  implements ReplicaListener
{
  readonly #options: ReplicaSetOptions
  #plan: ReplicaPlan
  #found: ReplicaFindings = { groups: [], findings: {}, failures: {} }
  /** What replicas that have ended have counted. */
  #ended: MeasuredMetrics = []

  constructor(options: ReplicaSetOptions) {
    const { count: size, logger, keepsOld } = options
    // A failed application does not fail a replica, but a replica that cannot start at all will always fail.
    super({
      size,
      startAnyway: false,
      retries: true,
      keepsOld,
      logger,
      facts: {},
      ending: LEAVING_MS,
    })
    this.#options = options
    this.#plan = options.plan
  }

  /** The plan of replicas that are started from now on. */
  replan(plan: ReplicaPlan): void {
    this.#plan = plan
  }

  /** Changes how many there are. */
  resize(count: number): void {
    this.pool.resize(count)
  }

  /** The findings of the replica that was admitted last. */
  get findings(): GroupFindings {
    return this.#found.findings
  }

  /** Why groups cannot be served there, by group. */
  get failures(): GroupFailures {
    return this.#found.failures
  }

  /** The applications that replicas are loading, as far as they have said. */
  get loading(): readonly LoadingApplication[] {
    return [...this.members]
      .filter(({ starting }) => starting)
      .flatMap(({ loading }) => loading ?? [])
  }

  /** What each replica has measured, and those that have ended; empty without metrics. */
  async measure(): Promise<MeasuredMetrics[]> {
    const members = [...this.members]
    const ended = this.#ended
    await Promise.all(members.map((replica) => replica.askStatus(ANSWER_MS)))
    return [ended, ...members.map(({ measured }) => measured)].filter(({ length }) => length > 0)
  }

  /** What the replicas have, and how many exchanges they have had; those of ended ones are not counted. */
  async describe(): Promise<ReplicaStatus> {
    const members = [...this.members]
    const answers = await Promise.all(members.map((replica) => replica.askStatus(ANSWER_MS)))
    const processes = this.status
    const replicas = members.flatMap(({ pid }, index) => {
      const seen = processes.workers.find((one) => one.pid === pid)
      return seen === undefined ? [] : [{ seen, status: answers[index]?.status }]
    })
    const groups = this.#plan.groups.map(({ group }) => group)
    const { findings, failures } = this
    return {
      status: describeReplicas({ groups, processes, replicas, findings, failures }),
      exchanges: answers.reduce((sum, answer) => sum + (answer?.exchanges ?? 0), 0),
    }
  }

  /** What the workers of all replicas do. */
  async stacks(): Promise<readonly WorkerStacks[]> {
    const members = [...this.members].filter(({ starting }) => !starting)
    const answers = await Promise.all(
      members.map(async (replica) => {
        const { pid, groups } = replica
        const group = groups.map(({ name }) => name).join(', ')
        return (await replica.askStacks(STACKS_MS)) ?? [{ group, pid, answered: false, stacks: [] }]
      }),
    )
    return answers.flat()
  }

  /** Makes pages in browsers load again; `version` is the new one. */
  refreshPages(version: string): void {
    for (const replica of this.members) replica.refreshPages(version)
  }

  /** Other certificates for connections that begin later. */
  renewCertificates(material: TlsMaterial): void {
    for (const replica of this.members) replica.renewCertificates(material)
  }

  onCountsChange(replica: Replica): void {
    for (const other of this.members) if (other !== replica) other.showCounts()
  }

  /** A newer one has seen the change already. */
  onScriptChange(replica: Replica, path: string): void {
    if (this.pool.active.has(replica)) this.#options.onScriptChange(path)
  }

  override onExit(replica: Replica, exit: ReportedExit): void {
    // Its place in the counts is empty now.
    this.onCountsChange(replica)
    this.#ended = addCounts(this.#ended, replica.measured)
    super.onExit(replica, exit)
  }

  /** The longest time that a part of the plan gives to requests. */
  protected get patience(): number {
    const { timeouts, groups } = this.#plan
    const ofGroups = groups.map(({ group }) => group.timeouts.shutdown)
    return toLimit(longestTime([timeouts.shutdown, ...ofGroups]))
  }

  protected override patienceFor(reason: RestartReason): number {
    return chooseReplicaPatience(reason, this.#plan.groups) ?? this.patience
  }

  protected async launch(
    aim: Aim,
    failed: readonly ReplicaFailure[],
  ): Promise<Launch<Replica, ReplicaFailure> | undefined> {
    const { demandServed, sockets, chooseLog, logger, choosePageVersion, chooseMaterial } =
      this.#options
    const known = aim === 'fill' ? [this.#found] : [...this.pool.active]
    const demands = chooseReplicaDemands(aim, { groups: this.#plan.groups, known, failed })
    if (demands === undefined) return undefined
    const member = await startReplica({
      plan: demandServed(demands),
      sockets,
      log: chooseLog(),
      logger,
      listener: this,
      pageVersion: choosePageVersion(aim),
      material: chooseMaterial(),
    })
    return { member }
  }

  protected toFailure(error: unknown): ReplicaFailure {
    return {
      error: error instanceof TaipanError ? error : new TaipanError('INTERNAL', String(error)),
    }
  }

  protected toError({ error }: ReplicaFailure): TaipanError {
    return error
  }

  protected describeFailure({ error, ended }: ReplicaFailure): FailureReport {
    const { code } = error
    if (ended === undefined) return { ...describeError(error), facts: { code } }
    const { application } = ended.failure
    const subject = `application ${application}`
    return { ...describeUnserved(ended.failure), subject, facts: { code, application } }
  }

  protected describeLoss(): Loss {
    return { text: 'its connections are cut', facts: {} }
  }

  protected keepFindings({ findings, failures, groups }: Replica): void {
    this.#found = { findings, failures, groups }
  }

  /** Worker processes are told by the replica that has them. */
  protected listSubjects({ findings, failures, embeddedGroups }: Replica): Subject[] {
    return embeddedGroups.flatMap(({ name: group }) => {
      const found = findings[group]?.applications ?? []
      const ofGroup = describeSubject(`group ${group}`, failures[group])
      return [ofGroup, ...found.map(describeFinding)]
    })
  }

  protected admit(replica: Replica): void {
    replica.open()
    this.#options.sockets.leaveToReplicas()
  }

  /** Clients that come meanwhile wait in the system for the new ones, so that nobody gets old code after new code has answered. */
  protected override async withdraw(replicas: readonly Replica[]): Promise<void> {
    await Promise.all(replicas.map((replica) => replica.close(CLOSE_MS)))
  }

  /** It accepts until it retires, so that there is always a replica that accepts. */
  protected dismiss(): void {}

  protected onNoneLeft(): void {
    this.#options.sockets.refuse()
  }

  /** Each replica finishes its own requests. */
  protected async finishWork(): Promise<void> {}
}

function describeFinding(finding: ApplicationFinding): Subject {
  const failure = findingFailure(finding)
  return describeSubject(`application ${finding.name}`, failure && describeUnserved(failure))
}

function describeSubject(name: string, failure: Unserved | undefined): Subject {
  return {
    name,
    facts: {},
    failure: failure && { ...failure, facts: { code: 'APPLICATION_LOAD' } },
  }
}
