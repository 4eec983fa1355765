import type { LoadingApplication } from '../../core/backend.ts'
import type { Logger } from '../../core/logger.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import type { Aim } from '../../processes/member.ts'
import type { Cause } from '../../processes/cause.ts'
import { HealthCheck } from '../../processes/health-check.ts'
import { describeEnd } from '../../processes/process-end.ts'
import type { ProcessExit } from '../../processes/supervised-process.ts'
import type { HostOrder, HostSource, StartProcess, WorkerHost } from '../group/host.ts'
import type { LoadFailure } from '../group/load-failure.ts'
import { nameLimits } from '../group/name-limits.ts'
import { spawnTemplate } from './spawn-template.ts'
import { Template, type TemplateListener } from './template.ts'

// It has no requests; after that it is killed.
const ENDING_MS = 2000

/** What templates need from the server. */
export interface TemplatesContext {
  readonly logger: Logger
  /** Starts them in place of this process, which may not signal them then, nor their workers. */
  readonly startProcess?: StartProcess | undefined
}

/** Templates of a group: that of its workers, and those that a reload or a repair tries. */
export class Templates implements HostSource, TemplateListener {
  readonly #logger: Logger
  readonly #startProcess: StartProcess | undefined
  readonly #healthCheck: HealthCheck<Template>
  readonly #all = new Set<Template>()
  readonly #origins = new WeakMap<WorkerHost, Template>()
  /** Those that load, by what they are for: workers that are started together share one. */
  readonly #starting = new Map<string, Promise<Template>>()
  /** The one of the worker that was admitted last. */
  #current: Template | undefined
  /** Grows when something newer is to be loaded. */
  #attempts = 0
  #stopped = false

  constructor(group: ProcessGroup, { logger, startProcess }: TemplatesContext) {
    this.#logger = logger
    this.#startProcess = startProcess
    this.#healthCheck = new HealthCheck({ ...nameLimits(group), members: () => this.#all })
  }

  get loading(): readonly LoadingApplication[] {
    return [...this.#all].filter(({ starting }) => starting).map(({ loading }) => loading)
  }

  async start(order: HostOrder): Promise<WorkerHost | { readonly failure: LoadFailure }> {
    const template = this.#findCurrent(order) ?? (await this.#share(order))
    template.users++
    try {
      const failure = await template.loaded
      if (failure !== undefined) {
        this.#release(template)
        return { failure }
      }
      const host = await template.fork()
      this.#origins.set(host, template)
      return host
    } catch (error) {
      this.#release(template)
      throw error
    }
  }

  admit(host: WorkerHost): void {
    this.#current = this.#origins.get(host) ?? this.#current
    this.#endUnused()
  }

  abandon(aim?: Aim): void {
    this.#attempts++
    for (const template of this.#all)
      if (template.starting && (aim === undefined || template.aim === aim))
        void template.stop(ENDING_MS)
  }

  rest(): void {
    this.#current = undefined
    this.#endUnused()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#healthCheck.stop()
    await Promise.all([...this.#all].map((template) => template.stop(ENDING_MS)))
  }

  kill(): void {
    for (const template of this.#all) template.kill()
  }

  onSpoilt(template: Template, { text }: Cause): void {
    this.#logger.warn({ worker: template.label }, `template ${template.label} ${text}`)
    if (this.#current === template) this.#current = undefined
    this.#endUnused()
  }

  onTemplateExit(template: Template, exit: ProcessExit): void {
    this.#all.delete(template)
    if (this.#current === template) this.#current = undefined
    if (exit.expected || this.#stopped) return
    const { code: exitCode, signal } = exit
    this.#logger.error(
      { worker: template.label, exitCode, signal },
      `template ${template.label} ended with ${describeEnd(exit)}; its workers go on, and the next one gets another`,
    )
  }

  onWorkerEnd(template: Template): void {
    this.#release(template)
  }

  /** The template that is in use, unless new code is wanted, or something better. */
  #findCurrent({ aim, omitted }: HostOrder): Template | undefined {
    const template = this.#current
    if (template?.ready !== true) return undefined
    if (aim === 'fill') return template
    return aim === 'repair' && template.omitted < omitted ? template : undefined
  }

  #share(order: HostOrder): Promise<Template> {
    const { aim, demands } = order
    const key = JSON.stringify([aim, demands, this.#attempts])
    const shared = this.#starting.get(key) ?? this.#load(order)
    this.#starting.set(key, shared)
    const forget = (): void => {
      if (this.#starting.get(key) === shared) this.#starting.delete(key)
    }
    shared.then((template) => template.loaded).then(forget, forget)
    return shared
  }

  async #load(order: HostOrder): Promise<Template> {
    const host = await spawnTemplate(order.group, this.#startProcess)
    const signals = this.#startProcess !== undefined
    const parts = { ...order, logger: this.#logger, listener: this, signals }
    const template = new Template(parts, host)
    this.#all.add(template)
    this.#healthCheck.start()
    if (this.#stopped) void template.stop(ENDING_MS)
    return template
  }

  #release(template: Template): void {
    template.users--
    this.#endUnused()
  }

  #endUnused(): void {
    for (const template of this.#all)
      if (template !== this.#current && template.users === 0 && !template.starting)
        void template.stop(ENDING_MS)
  }
}
