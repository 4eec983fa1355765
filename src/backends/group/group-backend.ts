import { answerError } from '../../core/answer-error.ts'
import type { Backend, Findings, LoadingApplication } from '../../core/backend.ts'
import type { TaipanError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { GroupStatus } from '../../core/group-status.ts'
import type { ProcessesStatus } from '../../core/process-status.ts'
import type { Logger } from '../../core/logger.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import type { WorkerStacks } from '../../core/stacks.ts'
import type { Invocation, UpstreamStatistics } from '../../core/upstream.ts'
import type { Cause } from '../../processes/cause.ts'
import type { ServiceNews } from '../../processes/supervisor-log.ts'
import { describeGroup } from './describe-group.ts'
import { Autoscaler, type Need, type ScaledGroup } from './autoscaler.ts'
import { Inactivity, type RestingGroup } from './inactivity.ts'
import type { HostSource, StartProcess } from './host.ts'
import { OwnedScripts } from './owned-scripts.ts'
import { Scheduler } from './scheduler.ts'
import { ServiceSupervisor } from './service-supervisor.ts'
import { Supervisor } from './supervisor.ts'
import { RequestTimeouts } from './request-timeouts.ts'

/** What a backend needs from the server. */
export interface GroupContext {
  readonly logger: Logger
  /** `SERVER_SOFTWARE` of the applications. */
  readonly serverSoftware?: string
  /** Takes what is served, or not, for the parent process, which logs it; by default it is logged here. */
  readonly tell?: ((news: ServiceNews) => void) | undefined
  /** Replaces this process, of which a worker has reached a limit; by default the worker is replaced. */
  readonly replaceProcess?: ((cause: Cause) => void) | undefined
  /** Starts worker processes in place of this process. */
  readonly startProcess?: StartProcess | undefined
}

/** Runs Python in the workers of a process group, with any kind of host. */
export class GroupBackend implements Backend, ScaledGroup, RestingGroup {
  readonly #group: ProcessGroup
  readonly #applications: ReadonlyMap<string, number>
  readonly #gathered: number
  readonly #scheduler: Scheduler
  readonly #supervisor: Supervisor
  readonly #timeouts: RequestTimeouts
  readonly #autoscaler: Autoscaler | undefined
  readonly #inactivity: Inactivity | undefined
  readonly #owned: OwnedScripts | undefined
  #taken = 0

  constructor(group: ProcessGroup, context: GroupContext, source: HostSource) {
    const { logger, serverSoftware = 'taipan', tell, replaceProcess } = context
    const { applications, buffers } = group
    this.#group = group
    this.#applications = new Map(applications.map(({ name }, index) => [name, index]))
    this.#gathered = buffers.request
    if (group.scriptOwner !== undefined)
      this.#owned = new OwnedScripts(group.scriptOwner, applications)
    this.#scheduler = new Scheduler(group)
    const scheduler = this.#scheduler
    const parts = { group, scheduler, serverSoftware, logger, tell, source, replaceProcess }
    this.#supervisor =
      group.service === undefined
        ? new Supervisor(parts)
        : new ServiceSupervisor(group.service, parts)
    this.#timeouts = new RequestTimeouts(group, scheduler, this.#supervisor)
    if (group.scaling !== undefined)
      this.#autoscaler = new Autoscaler(this, { name: group.name, scaling: group.scaling, logger })
    const { name, inactivityTimeout: limit } = group
    if (limit > 0) this.#inactivity = new Inactivity(this, { name, limit, logger })
  }

  get capacity(): { readonly idle: number; readonly total: number } {
    return this.#scheduler.capacity
  }

  get statistics(): UpstreamStatistics {
    const { running } = this.#supervisor
    const { waiting, failures } = this.#scheduler
    const finished = this.#taken - running - waiting
    return { running, waiting, finished, failed: failures.count }
  }

  get processes(): ProcessesStatus {
    const { scaling } = this.#group
    const { status } = this.#supervisor
    return scaling === undefined ? status : { ...status, min: scaling.min, max: scaling.max }
  }

  get status(): GroupStatus {
    const { processes, statistics: requests, findings } = this
    const { count, queued, python } = this.#scheduler.times
    const times = { count, queued, python }
    return describeGroup(this.#group, { processes, requests, times, findings })
  }

  async stacks(): Promise<readonly WorkerStacks[]> {
    const members = [...this.#supervisor.members].filter(({ starting }) => !starting)
    return await Promise.all(members.map((worker) => worker.askStacks()))
  }

  onFull(listener: (full: boolean) => void): void {
    this.#scheduler.onFull(listener)
  }

  gatheredBytes(invocation: Invocation): number {
    const index = this.#applications.get(invocation.application)
    return index !== undefined && this.#scheduler.isAsgi(index, invocation) ? 0 : this.#gathered
  }

  onFindings(listener: () => void): void {
    this.#supervisor.onFindings(listener)
  }

  get findings(): Findings | undefined {
    return this.#supervisor.findings
  }

  get loading(): readonly LoadingApplication[] {
    return this.#supervisor.loading
  }

  get failure(): TaipanError | undefined {
    return this.#supervisor.failure
  }

  async start(): Promise<void> {
    this.#timeouts.start()
    await this.#supervisor.start()
    this.#autoscaler?.start()
    this.#inactivity?.start()
  }

  prepareStop(): void {
    this.#autoscaler?.stop()
    this.#inactivity?.stop()
    this.#supervisor.prepareStop()
  }

  async stop(waited = 0): Promise<void> {
    this.#autoscaler?.stop()
    this.#inactivity?.stop()
    await this.#supervisor.stop(waited)
    this.#timeouts.stop()
  }

  kill(): void {
    this.#supervisor.kill()
  }

  setEnvironment(environment: Readonly<Record<string, string>>): void {
    this.#supervisor.setEnvironment(environment)
  }

  get size(): number {
    return this.#supervisor.size
  }

  get need(): Need {
    const { perWorker, waiting, waitingSince } = this.#scheduler
    const loads = [...this.#supervisor.active].map(({ load }) => load)
    return {
      active: loads.length,
      busy: loads.filter((load) => load > 0).length,
      perWorker,
      running: this.#supervisor.running,
      waiting,
      waitingSince,
      taken: this.#taken,
    }
  }

  resize(size: number): void {
    this.#supervisor.resize(size)
  }

  rest(): void {
    this.#supervisor.resize(0, 'inactivity')
  }

  async reload(): Promise<void> {
    await this.#supervisor.reload()
  }

  run(exchange: Exchange, invocation: Invocation): void {
    const application = this.#applications.get(invocation.application)
    if (application === undefined) {
      answerError(exchange, 'INTERNAL')
      return
    }
    if (this.#owned?.refuses(invocation) === true) {
      answerError(exchange, 'FORBIDDEN')
      return
    }
    this.#taken += 1
    if (this.#supervisor.refuse(exchange)) return
    this.#scheduler.submit(exchange, invocation, application)
    this.#supervisor.wake()
  }
}
