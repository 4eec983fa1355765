import type { GroupStatus } from '../core/group-status.ts'
import type { Logger } from '../core/logger.ts'
import type { WorkerStacks } from '../core/stacks.ts'
import type { PlannedApp } from './app.ts'
import { selectServices } from './divide-plan.ts'
import type { ServerPlan } from './config/resolved.ts'

/** The services and jobs of a server whose requests are answered by replicas: its parent process has them, once for all. */
export class OwnServices {
  readonly #logger: Logger
  #app: PlannedApp | undefined
  #names: ReadonlySet<string> = new Set()
  #stopped = false

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Begins those of a plan, when those of an earlier one have ended. */
  async begin(plan: ServerPlan): Promise<void> {
    const before = this.#app
    const services = selectServices(plan)
    this.#names = new Set(services.groups.map(({ group }) => group.name))
    this.#app = this.#names.size === 0 ? undefined : await assemble(services, this.#logger)
    await this.#app?.startBeside()
    if (this.#app === undefined) await before?.stopServices()
    else await this.#app.takeServices(before)
    await before?.handOver(services)
    if (this.#stopped) await this.#app?.stop()
  }

  get status(): readonly GroupStatus[] {
    return this.#app?.status.groups ?? []
  }

  async stacks(): Promise<readonly WorkerStacks[]> {
    return (await this.#app?.stacks()) ?? []
  }

  /** Changes the number of processes of a service; false: there is none of this name. */
  scale(name: string, processes: number): boolean {
    if (!this.#names.has(name)) return false
    this.#app?.scale(name, processes)
    return true
  }

  async reload(): Promise<void> {
    await this.#app?.reload()
  }

  /** Starts none from now on. */
  prepareStop(): void {
    this.#stopped = true
    this.#app?.prepareStop()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#app?.stop()
  }

  kill(): void {
    this.#app?.kill()
  }
}

/** Only a server with services loads what has worker processes. */
async function assemble(plan: ServerPlan, logger: Logger): Promise<PlannedApp> {
  const { assembleApp } = await import('./assemble.ts')
  return await assembleApp(plan, { logger, accessLog: undefined })
}
