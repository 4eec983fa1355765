import type { Steward } from '../backends/daemon/steward/steward.ts'
import type { StartProcess } from '../backends/group/host.ts'
import { TaipanError } from '../core/errors.ts'
import type { ProcessGroup } from '../core/process-group.ts'
import { isRoot } from '../processes/accounts.ts'
import type { ServerPlan } from './config/resolved.ts'
import { needsSteward } from './give-up-rights.ts'

/** How workers are started that need rights of root which the server gives up; it lives as long as the server does. */
export class WorkerRights {
  #steward: Steward | undefined
  /** What the steward was told, by group. */
  #told: ReadonlyMap<string, string> = new Map()

  /**
   * Starts the steward if groups need it, which only root can do, and the server as long as it has not given that up. Later
   * groups have to be as the steward knows them, because it takes no orders from those who have no rights. Rejects with
   * `CONFIG_INVALID`.
   */
  async provide(groups: readonly ProcessGroup[], plan: ServerPlan): Promise<void> {
    const wanting = groups.filter((group) => needsSteward(group, plan))
    const [first] = wanting.filter((group) => this.#told.get(group.name) !== tell(group))
    if (first === undefined) return
    // Without it they would run as the user of the server.
    if (!isRoot()) throw createRightsError(first)
    const { Steward: Process } = await import('../backends/daemon/steward/steward.ts')
    this.#steward = await Process.start(wanting)
    this.#told = new Map(wanting.map((group) => [group.name, tell(group)]))
  }

  /** Undefined: the server starts the workers of the group itself. */
  find(group: ProcessGroup, plan: ServerPlan): StartProcess | undefined {
    return needsSteward(group, plan) ? this.#steward?.startProcess : undefined
  }

  stop(): void {
    this.#steward?.stop()
  }
}

/** Environment files are read once for these groups. */
function tell({ environment: _environment, ...group }: ProcessGroup): string {
  return JSON.stringify(group)
}

function createRightsError({ name }: ProcessGroup): TaipanError {
  return new TaipanError(
    'CONFIG_INVALID',
    `groups.${name}: its processes need rights that the server has given up; restart the server to add or change such a group`,
  )
}
