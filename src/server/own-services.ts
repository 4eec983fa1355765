import type { GroupStatus } from '../core/group-status.ts'
import type { Logger } from '../core/logger.ts'
import type { WorkerStacks } from '../core/stacks.ts'
import type { PlannedApp } from './app.ts'
import { selectServices } from './divide-plan.ts'
import type { ServerPlan } from './config/resolved.ts'

/** Services and jobs of a plan that is not served yet. */
export interface NextServices {
  /** Begins them, when those of the plan before have ended. */
  begin(): Promise<void>
  /** They are not wanted. */
  drop(): Promise<void>
}

interface Prepared {
  readonly services: ServerPlan
  readonly names: ReadonlySet<string>
  readonly app: PlannedApp | undefined
}

/** The services and jobs of a server whose requests are answered by replicas: its parent process has them, once for all. */
export class OwnServices {
  readonly #logger: Logger
  #app: PlannedApp | undefined
  #names: ReadonlySet<string> = new Set()
  #stopped = false

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Makes those of a plan, which do not run yet. Rejects, leaving nothing behind, when they cannot be made. */
  async prepare(plan: ServerPlan): Promise<NextServices> {
    const services = selectServices(plan)
    const names = new Set(services.groups.map(({ group }) => group.name))
    const app = names.size === 0 ? undefined : await assemble(services, this.#logger)
    try {
      await app?.startBeside()
    } catch (error) {
      await app?.handOver(services)
      throw error
    }
    return {
      begin: () => this.#begin({ services, names, app }),
      drop: async () => await app?.handOver(services),
    }
  }

  async #begin({ services, names, app }: Prepared): Promise<void> {
    const before = this.#app
    this.#names = names
    this.#app = app
    if (app === undefined) await before?.stopServices()
    else await app.takeServices(before)
    await before?.handOver(services)
    if (this.#stopped) await app?.stop()
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
