import type { GroupFailures } from '../backends/group/unserved.ts'
import type { Controlled, Scaled } from '../control/controlled.ts'
import type { Findings, LoadingApplication } from '../core/backend.ts'
import { TaipanError } from '../core/errors.ts'
import type { ServerState, ServerStatus } from '../core/group-status.ts'
import type { ReloadStatus } from '../core/process-status.ts'
import type { WorkerStacks } from '../core/stacks.ts'
import { describeReload } from '../processes/describe-reload.ts'
import type { ServerLogger } from '../telemetry/logger.ts'
import type { ControlPlan } from './config/resolve-control.ts'
import type { ServerPlan } from './config/resolved.ts'
import { succeedPlan } from './new-plan.ts'
import { reportFindings } from './report-findings.ts'
import type { OnReload } from './reload-outcome.ts'
import { isSamePlan, listUnchangeable } from './same-plan.ts'
import type { Endpoint } from '../control/endpoint.ts'
import type { MeasuredMetrics } from '../telemetry/metrics/process-metrics.ts'
import type { ControlServer } from './control-server.ts'
import { ReloadQueue } from './reload-queue.ts'
import type { RunnableServer } from './server.ts'
import { VERSION } from './version.ts'

/** Parts of a managed server. */
export interface ManagedOptions {
  readonly server: RunnableServer
  readonly plan: ServerPlan
  /** Loads the plan anew; undefined: it cannot change. */
  readonly loadPlan: (() => Promise<ServerPlan>) | undefined
  readonly logger: ServerLogger
  /** Is told of each reload. */
  readonly onReload?: OnReload | undefined
}

/** A server that can be controlled while it runs. */
export class ManagedServer implements RunnableServer, Controlled {
  readonly #server: RunnableServer
  readonly #options: ManagedOptions
  readonly #reloads: ReloadQueue
  #control: ControlServer | undefined
  #observation: ControlServer | undefined
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
    this.#reloads = new ReloadQueue(() => this.#reload())
  }

  get urls(): readonly string[] {
    return this.#server.urls
  }

  /** Where it is controlled; undefined: nowhere. */
  get controlUrl(): string | undefined {
    return this.#control?.url
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
    const url = this.#observation?.url
    return url === undefined ? undefined : `${url}${this.#plan.metrics?.path}`
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
      await this.#startControl()
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
    const before = this.#plan
    const { logger } = this.#options
    const urls = new Set(this.urls)
    logger.info({}, 'the configuration has changed')
    const plan = succeedPlan(before, given)
    await this.#server.reconfigure(plan)
    this.#plan = plan
    for (const option of listUnchangeable(before, plan))
      logger.warn({ option }, `${option}: a change needs a restart`)
    reportFindings(plan, this, logger)
    for (const url of this.urls) if (!urls.has(url)) logger.announce(`listening on ${url}`, { url })
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

  async #startControl(): Promise<void> {
    const { logger } = this.#options
    const { control, metrics } = this.#plan
    if (control === undefined && metrics === undefined) return
    const { ControlServer: Server } = await import('./control-server.ts')
    const { ENDPOINTS, PROBES } = await import('../control/endpoints.ts')
    const common = { server: this, logger }
    const measured = metrics && [await this.#createMetrics(metrics.path)]
    if (metrics?.address !== undefined) {
      const plan = { address: metrics.address, token: undefined }
      const endpoints = [...PROBES, ...(measured ?? [])]
      this.#observation = new Server({ ...common, plan, endpoints, checksHost: false })
      await this.#observation.start()
    }
    if (control === undefined) return
    const { createDescription } = await import('../control/openapi.ts')
    const all = [...ENDPOINTS, ...(measured ?? [])]
    const endpoints = [...all, createDescription(all, VERSION)]
    this.#control = new Server({
      ...common,
      plan: ownControl(this.#plan, control),
      endpoints,
      checksHost: true,
    })
    await this.#control.start()
  }

  async #createMetrics(path: string): Promise<Endpoint> {
    const { createMetricsEndpoint } = await import('./metrics-endpoint.ts')
    return createMetricsEndpoint(path, this)
  }

  async #reload(): Promise<void> {
    this.#requireRunning()
    const begun = performance.now()
    try {
      // Two configurations at a time are enough.
      await this.#reconfiguring?.catch(() => {})
      const plan = await this.#options.loadPlan?.()
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
      await this.#control?.stop()
      await this.#observation?.stop()
    }
  }
}

/** The socket belongs to the user that the server becomes. */
function ownControl({ account: owner }: ServerPlan, control: ControlPlan): ControlPlan {
  const { address } = control
  return address.kind === 'unix' ? { ...control, address: { ...address, owner } } : control
}
