import type { GroupFailures } from '../backends/group/unserved.ts'
import type { Controlled, Scaled } from '../control/controlled.ts'
import type { Findings, LoadingApplication } from '../core/backend.ts'
import { TaipanError } from '../core/errors.ts'
import type { ServerState, ServerStatus } from '../core/group-status.ts'
import type { ReloadStatus } from '../core/process-status.ts'
import type { WorkerStacks } from '../core/stacks.ts'
import { describeReload } from '../processes/describe-reload.ts'
import type { ServerLogger } from '../telemetry/logger.ts'
import type { ServerPlan } from './config/resolved.ts'
import { succeedPlan } from './new-plan.ts'
import { reportFindings } from './report-findings.ts'
import { reportPlaces } from './report-places.ts'
import type { OnReload } from './reload-outcome.ts'
import type { NextLogs } from './live-logs.ts'
import { isSamePlan } from './same-plan.ts'
import type { MeasuredMetrics } from '../telemetry/metrics/process-metrics.ts'
import { ControlPlaces, type NextPlaces } from './control-places.ts'
import { ReloadQueue } from './reload-queue.ts'
import type { RunnableServer } from './server.ts'

/** Where other configurations come from. */
export interface PlanChanges {
  /** Loads the plan anew. */
  readonly load: () => Promise<ServerPlan>
  /** Opens the logs of another plan; undefined: they are the same. */
  readonly prepareLogs: (plan: ServerPlan) => Promise<NextLogs | undefined>
}

/** Parts of a managed server. */
export interface ManagedOptions {
  readonly server: RunnableServer
  readonly plan: ServerPlan
  /** Undefined: the configuration cannot change. */
  readonly changes?: PlanChanges | undefined
  readonly logger: ServerLogger
  /** Is told of each reload. */
  readonly onReload?: OnReload | undefined
}

/** A server that can be controlled while it runs. */
export class ManagedServer implements RunnableServer, Controlled {
  readonly #server: RunnableServer
  readonly #options: ManagedOptions
  readonly #reloads: ReloadQueue
  readonly #places: ControlPlaces
  #state: ServerState = 'starting'
  #plan: ServerPlan
  #reconfiguring: Promise<void> | undefined
  #lastReload: ReloadStatus | undefined
  #onStopAsked: () => void = () => void this.stop()
  #stopped: Promise<void> | undefined

  constructor(options: ManagedOptions) {
    this.#options = options
    this.#server = options.server
    this.#plan = options.plan
    this.#places = new ControlPlaces({ server: this, logger: options.logger })
    this.#reloads = new ReloadQueue(() => this.#reload())
  }

  get urls(): readonly string[] {
    return this.#server.urls
  }

  /** Where it is controlled; undefined: nowhere. */
  get controlUrl(): string | undefined {
    return this.#places.controlUrl
  }

  get findings(): Readonly<Record<string, Findings>> {
    return this.#server.findings
  }

  get failures(): GroupFailures {
    return this.#server.failures
  }

  get loading(): readonly LoadingApplication[] {
    return this.#server.loading
  }

  get exchanges(): number {
    return this.#server.exchanges
  }

  get ready(): boolean {
    return this.#state === 'running' && Object.keys(this.failures).length === 0
  }

  async status(): Promise<ServerStatus> {
    const status = await this.#server.status()
    return { ...status, state: this.#state, lastReload: this.#lastReload }
  }

  /** Where what is measured can be read at an address of its own; undefined: nowhere. */
  get metricsUrl(): string | undefined {
    return this.#places.metricsUrl
  }

  measure(): Promise<readonly MeasuredMetrics[]> {
    return this.#server.measure()
  }

  stacks(): Promise<readonly WorkerStacks[]> {
    return this.#server.stacks()
  }

  scale(group: string, processes: number): Scaled {
    this.#requireRunning()
    return this.#server.scale(group, processes)
  }

  /** `listener` is called when somebody asks for a stop, and has to see to that. */
  onStopAsked(listener: () => void): void {
    this.#onStopAsked = listener
  }

  askToStop(): void {
    this.#onStopAsked()
  }

  async start(): Promise<void> {
    try {
      const places = await this.#places.prepare(this.#plan)
      places.use()
      await this.#server.start()
      if (this.#state === 'starting') this.#state = 'running'
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  reload(): Promise<void> {
    const reloading = this.#reloads.request()
    this.#options.onReload?.(reloading)
    return reloading
  }

  async reconfigure(given: ServerPlan): Promise<void> {
    const { logger } = this.#options
    const before = { urls: this.urls, controlUrl: this.controlUrl, metricsUrl: this.metricsUrl }
    logger.info({}, 'the configuration has changed')
    const plan = succeedPlan(this.#plan, given)
    await this.#exchange(plan)
    this.#plan = plan
    reportFindings(plan, this, logger)
    reportPlaces(this, logger, before)
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  kill(): void {
    this.#server.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** All that a plan needs is there before anything changes, and nothing of it stays if it cannot be served. */
  async #exchange(plan: ServerPlan): Promise<void> {
    const logs = await this.#options.changes?.prepareLogs(plan)
    let places: NextPlaces | undefined
    try {
      places = await this.#places.prepare(plan)
      await this.#server.reconfigure(plan, logs)
    } catch (error) {
      await Promise.all([places?.close(), logs?.close()])
      throw error
    }
    places.use()
    await logs?.use()
  }

  async #reload(): Promise<void> {
    this.#requireRunning()
    const begun = performance.now()
    try {
      // Two configurations at a time are enough.
      await this.#reconfiguring?.catch(() => {})
      const plan = await this.#options.changes?.load()
      if (plan === undefined || isSamePlan(this.#plan, plan)) await this.#server.reload()
      else await (this.#reconfiguring = this.reconfigure(plan))
      this.#lastReload = describeReload(begun, undefined)
    } catch (error) {
      this.#lastReload = describeReload(begun, error)
      throw error
    }
  }

  #requireRunning(): void {
    if (this.#state !== 'running') throw new TaipanError('STOPPING', `the server is ${this.#state}`)
  }

  async #stop(): Promise<void> {
    this.#state = 'stopping'
    try {
      await this.#server.stop()
    } finally {
      await this.#places.stop()
    }
  }
}
