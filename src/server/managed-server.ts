import type { GroupFailures } from '../backends/group/unserved.ts'
import type { Controlled, Scaled } from '../control/controlled.ts'
import type { Findings, LoadingApplication } from '../core/backend.ts'
import { TaipanError } from '../core/errors.ts'
import type { ServerState, ServerStatus } from '../core/group-status.ts'
import type { Logger } from '../core/logger.ts'
import type { ReloadStatus } from '../core/process-status.ts'
import type { WorkerStacks } from '../core/stacks.ts'
import { describeReload } from '../processes/describe-reload.ts'
import type { ControlPlan } from './config/resolve-control.ts'
import { ReloadQueue } from './reload-queue.ts'
import type { RunnableServer } from './server.ts'

/** Parts of a managed server. */
export interface ManagedOptions {
  readonly server: RunnableServer
  /** Where it is controlled; undefined: nowhere. */
  readonly control: ControlPlan | undefined
  readonly logger: Logger
}

/** A server that can be controlled while it runs. */
export class ManagedServer implements RunnableServer, Controlled {
  readonly #server: RunnableServer
  readonly #options: ManagedOptions
  readonly #reloads: ReloadQueue
  #control: { readonly url: string | undefined; stop(): Promise<void> } | undefined
  #state: ServerState = 'starting'
  #lastReload: ReloadStatus | undefined
  #onStopAsked: () => void = () => void this.stop()
  #stopped: Promise<void> | undefined

  constructor(options: ManagedOptions) {
    this.#options = options
    this.#server = options.server
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
    return this.#reloads.request()
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
    const { control: plan, logger } = this.#options
    if (plan === undefined) return
    const { ControlServer } = await import('./control-server.ts')
    const control = new ControlServer({ plan, server: this, logger })
    await control.start()
    this.#control = control
  }

  async #reload(): Promise<void> {
    this.#requireRunning()
    const begun = performance.now()
    try {
      await this.#server.reload()
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
    }
  }
}
